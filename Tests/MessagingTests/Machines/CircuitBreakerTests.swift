import Messaging
import Testing

struct CircuitBreakerTests {
    @Test func itOpensOnceProbesWithGrowingDelaysAndCloses() {
        var random = SeededGenerator(seed: 3)
        var breaker = CircuitBreaker(
            policy: .init(threshold: 2, backoff: Backoff(initial: .milliseconds(100), maximum: .milliseconds(350), jitter: 0)))
        var action = breaker.failed(using: &random)
        #expect(action == .tryAgain)
        action = breaker.succeeded()
        #expect(action == .none)
        action = breaker.failed(using: &random)
        #expect(action == .tryAgain)
        action = breaker.failed(using: &random)
        #expect(action == .pause(probeAfter: .milliseconds(100)))
        #expect(breaker.isOpen)
        action = breaker.failed(using: &random)
        #expect(action == .wait(probeAfter: .milliseconds(200)))
        action = breaker.failed(using: &random)
        #expect(action == .wait(probeAfter: .milliseconds(350)))
        action = breaker.failed(using: &random)
        #expect(action == .wait(probeAfter: .milliseconds(350)))
        action = breaker.succeeded()
        #expect(action == .resume)
        #expect(!breaker.isOpen)
        action = breaker.succeeded()
        #expect(action == .none)
    }

    /// Whatever happens: consuming is paused once, resumed once, and never both.
    @Test(arguments: 0..<2_000)
    func pauseAndResumeAlternate(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var breaker = CircuitBreaker(policy: .init(threshold: Int.random(in: 1...4, using: &random)))
        var isPaused = false
        for _ in 0..<100 {
            let action = Bool.random(using: &random) ? breaker.succeeded() : breaker.failed(using: &random)
            switch action {
            case .pause:
                #expect(!isPaused)
                isPaused = true
            case .resume:
                #expect(isPaused)
                isPaused = false
            case .wait: #expect(isPaused)
            case .tryAgain, .none: #expect(!isPaused)
            }
            #expect(breaker.isOpen == isPaused)
        }
    }
}
