import Contracts
import Servers
import Testing

/// A worker process is killed with SIGKILL at the places where a broker and a database can come to disagree.
///
/// What must hold afterwards: every command counted exactly once, every event published at least once under one id and
/// one number, numbers without gaps.
@Suite(.serialized)
struct KilledWorkerTests {
    static let commands = 300

    /// Fails when the inbox INSERT does not filter (every redelivered command is counted twice).
    @Test(arguments: [1, 3])
    func betweenCommitAndAcknowledge(passes: Int) async throws {
        try await survive("after-commit:\(passes)")
    }

    /// Fails when the relay gives an event a new id or a new number each time it is published.
    @Test(arguments: [1, 3])
    func betweenConfirmAndDelete(passes: Int) async throws {
        let events = try await survive("after-confirm:\(passes)")
        #expect(events.count > Self.commands, "the batch that was confirmed but not deleted goes out again")
    }

    /// Fails when messages are acknowledged before the commit.
    @Test(arguments: [1, 4])
    func insideTheTransaction(passes: Int) async throws {
        try await survive("before-handlers:\(passes)")
    }

    @discardableResult
    private func survive(_ fault: String) async throws -> [Envelope] {
        let bench = try await FaultBench.make()
        try await bench.send(Self.commands)
        #expect(try await bench.runUntilKilled(fault) == .signaled(9))
        #expect(try await bench.runUntilQuiet(handled: Self.commands) == .exited(0))
        #expect(try await bench.counts() == Array(repeating: 1, count: Self.commands))
        let events = try await bench.events()
        check(events)
        try await bench.close()
        return events
    }

    private func check(_ events: [Envelope]) {
        var numbers: [String: Int64] = [:]
        for event in events {
            let id = "\(event.id)"
            #expect(event.sequence != nil)
            #expect(numbers[id] == nil || numbers[id] == event.sequence, "an event went out under two numbers")
            numbers[id] = event.sequence
        }
        #expect(numbers.count == Self.commands)
        #expect(numbers.values.sorted() == Array(1...Int64(Self.commands)))
    }
}
