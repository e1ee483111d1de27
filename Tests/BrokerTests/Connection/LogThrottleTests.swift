import Broker
import Testing

@Suite struct LogThrottleTests {
    @Test func writesSomeAndCountsTheRest() {
        var throttle = LogThrottle()
        let written = (0..<1_000).count { throttle.admits("connection refused", now: Int64($0)) }
        #expect(written == LogThrottle.burst)
        let early = throttle.leftOut(now: LogThrottle.interval - 1)
        #expect(early.isEmpty)
        let rest = throttle.leftOut(now: LogThrottle.interval)
        #expect(rest.map(\.kind) == ["connection refused"])
        #expect(rest.map(\.count) == [1_000 - LogThrottle.burst])
        let later = throttle.leftOut(now: 10 * LogThrottle.interval)
        #expect(later.isEmpty, "told once")
        let isWritten = throttle.admits("connection refused", now: 10 * LogThrottle.interval)
        #expect(isWritten)
    }

    /// A flood of one kind hides no other.
    @Test func kindsAreCountedApart() {
        var throttle = LogThrottle()
        for _ in 0..<100 { _ = throttle.admits("login refused", now: 0) }
        let flood = throttle.admits("login refused", now: 0)
        let other = throttle.admits("connection refused", now: 0)
        #expect(!flood)
        #expect(other)
    }
}
