import Edge
import Foundation
import Testing

@Suite("Requests that wait for an outcome", .timeLimit(.minutes(4)))
struct CommandWaitersTests {
    /// Fails when `resolve` forgets an outcome for which nobody waits yet.
    @Test("an outcome that comes before the wait is not missed")
    func early() async {
        let waiters = CommandWaiters<String>()
        let id = UUID()
        waiters.register(id)
        waiters.resolve(id, "done")
        #expect(await waiters.wait(for: id, timeout: .seconds(60)) == "done")
        #expect(waiters.count == 0)
    }

    @Test("an outcome ends the wait")
    func resolved() async {
        let waiters = CommandWaiters<String>()
        let id = UUID()
        waiters.register(id)
        async let outcome = waiters.wait(for: id, timeout: .seconds(60))
        Task { waiters.resolve(id, "done") }
        #expect(await outcome == "done")
    }

    @Test("time ends the wait")
    func timeout() async {
        let waiters = CommandWaiters<String>()
        let id = UUID()
        waiters.register(id)
        #expect(await waiters.wait(for: id, timeout: .milliseconds(5)) == nil)
        #expect(waiters.count == 0)
    }

    @Test("cancellation ends the wait")
    func cancelled() async {
        let waiters = CommandWaiters<String>()
        let id = UUID()
        waiters.register(id)
        let task = Task { await waiters.wait(for: id, timeout: .seconds(60)) }
        task.cancel()
        #expect(await task.value == nil)
        #expect(waiters.count == 0)
    }

    /// Fails when `close` leaves waits to their timeouts: a draining worker would keep its clients for a minute.
    @Test("closing ends waits, and those that come after")
    func closed() async {
        let waiters = CommandWaiters<String>()
        let ids = (0..<10).map { _ in UUID() }
        for id in ids { waiters.register(id) }
        let tasks = ids.map { id in Task { await waiters.wait(for: id, timeout: .seconds(60)) } }
        while waiters.waiting < ids.count { await Task.yield() }
        waiters.close()
        for task in tasks { #expect(await task.value == nil) }
        let late = UUID()
        waiters.register(late)
        #expect(await waiters.wait(for: late, timeout: .seconds(60)) == nil)
        #expect(waiters.count == 0)
    }

    @Test("unknown and forgotten commands are not waited for")
    func unknown() async {
        let waiters = CommandWaiters<String>()
        #expect(await waiters.wait(for: UUID(), timeout: .seconds(60)) == nil)
        let id = UUID()
        waiters.register(id)
        waiters.forget(id)
        waiters.resolve(id, "done")
        #expect(waiters.count == 0)
    }

    @Test("a thousand waits at once")
    func many() async {
        let waiters = CommandWaiters<Int>()
        let ids = (0..<1000).map { _ in UUID() }
        for id in ids { waiters.register(id) }
        let sum = await withTaskGroup(of: Int.self) { group in
            for id in ids { group.addTask { await waiters.wait(for: id, timeout: .seconds(60)) ?? 0 } }
            group.addTask {
                for id in ids { waiters.resolve(id, 1) }
                return 0
            }
            return await group.reduce(0, +)
        }
        #expect(sum == 1000)
        #expect(waiters.count == 0)
    }
}
