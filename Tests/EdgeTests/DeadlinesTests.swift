import Edge
import Locking
import Testing

@Suite(.timeLimit(.minutes(2))) struct DeadlinesTests {
    /// Fails when a call that is due before the one that is slept for waits for it, or when one is made too early.
    @Test func callsInTheOrderOfTheirTimes() async {
        let deadlines = Deadlines()
        let (calls, made) = AsyncStream.makeStream(of: Int.self)
        let start = ContinuousClock.now
        _ = deadlines.call(after: .seconds(3600)) { made.yield(3600) }
        for time in [300, 100, 200] { _ = deadlines.call(after: .milliseconds(time)) { made.yield(time) } }
        var order: [Int] = []
        for await time in calls {
            #expect(ContinuousClock.now - start >= .milliseconds(time))
            order.append(time)
            if order.count == 3 { break }
        }
        #expect(order == [100, 200, 300])
    }

    /// Fails when what was cancelled is called, or when its end takes the sleep of the others with it.
    @Test func whatIsCancelledIsNotCalled() async {
        let deadlines = Deadlines()
        let (calls, made) = AsyncStream.makeStream(of: Bool.self)
        let cancelled = (0..<100).map { _ in deadlines.call(after: .milliseconds(50)) { made.yield(false) } }
        _ = deadlines.call(after: .milliseconds(100)) { made.yield(true) }
        for number in cancelled { deadlines.cancel(number) }
        for await isExpected in calls {
            #expect(isExpected)
            break
        }
    }
}
