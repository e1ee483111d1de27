import Messaging
import Testing

struct RetryPolicyTests {
    @Test func threeAtOnceThenTenWithGrowingDelays() {
        var random = SeededGenerator(seed: 1)
        let policy = RetryPolicy()
        let first = (1...4).map { policy.decide(runs: $0, permanent: false, using: &random) }
        #expect(first.prefix(3).allSatisfy { $0 == .again })
        guard case .park(let delay) = first[3] else { return #expect(Bool(false), "not parked: \(first[3])") }
        #expect(delay >= .milliseconds(800) && delay <= .seconds(1))
        // A parked message runs ten times.
        var delays: [Duration] = []
        for run in 1...10 {
            switch policy.decide(parkedRuns: run, permanent: false, using: &random) {
            case .park(let delay): delays.append(delay)
            case .giveUp: #expect(run == 10)
            case .again: #expect(Bool(false), "a parked message is never run at once")
            }
        }
        #expect(delays.count == 9)
        for (index, delay) in delays.enumerated() {
            let full = min(Duration.seconds(1 << (index + 1)), .seconds(300))
            #expect(delay <= full && delay >= full * 0.8)
        }
    }

    // Fails when Permanent is treated like any other error.
    @Test func permanentErrorsAreNotRetried() {
        var random = SeededGenerator(seed: 1)
        let first = RetryPolicy().decide(runs: 1, permanent: true, using: &random)
        let parked = RetryPolicy().decide(parkedRuns: 1, permanent: true, using: &random)
        #expect(first == .giveUp && parked == .giveUp)
    }

    @Test func withoutRetriesItGivesUpAtOnce() {
        var random = SeededGenerator(seed: 1)
        let policy = RetryPolicy(immediate: 0, attempts: 0)
        let decision = policy.decide(runs: 1, permanent: false, using: &random)
        #expect(decision == .giveUp)
    }

    /// Any policy ends, and its delays stay within bounds.
    @Test(arguments: 0..<2_000)
    func randomPoliciesEnd(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let initial = Duration.milliseconds(Int.random(in: 1...5_000, using: &random))
        let maximum = Duration.milliseconds(Int.random(in: 1...600_000, using: &random))
        let policy = RetryPolicy(
            immediate: Int.random(in: 0...5, using: &random), attempts: Int.random(in: 0...80, using: &random),
            backoff: Backoff(initial: initial, maximum: maximum, jitter: Double.random(in: 0...1, using: &random)))
        var runs = 0
        var atOnce = 0
        while runs < 200 {
            runs += 1
            guard policy.decide(runs: runs, permanent: false, using: &random) == .again else { break }
            atOnce += 1
        }
        #expect(atOnce == policy.immediate)
        var parkedRuns = 0
        while parkedRuns < 200 {
            parkedRuns += 1
            guard case .park(let delay) = policy.decide(parkedRuns: parkedRuns, permanent: false, using: &random) else { break }
            #expect(delay >= .zero && delay <= maximum)
        }
        #expect(parkedRuns == max(1, policy.attempts))
    }

    @Test func aSeedRepeatsTheJitter() {
        func delays(_ seed: UInt64) -> [Duration] {
            var random = SeededGenerator(seed: seed)
            let backoff = Backoff(initial: .seconds(1), maximum: .seconds(300), jitter: 0.5)
            return (1...20).map { backoff.delay(afterTries: $0, using: &random) }
        }
        #expect(delays(7) == delays(7))
        #expect(delays(7) != delays(8))
    }
}
