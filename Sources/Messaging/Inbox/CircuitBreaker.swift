/// Stops a worker's consuming while its database cannot be reached. A pure state machine: the caller gives it what
/// happened and does what it says.
public struct CircuitBreaker: Sendable {
    /// When the database is tried again.
    public struct Policy: Sendable, Hashable {
        /// How many connection failures in a row open the breaker, at least 1.
        public var threshold: Int
        /// The delays between probes.
        public var backoff: Backoff

        /// Makes a policy.
        public init(
            threshold: Int = 1, backoff: Backoff = Backoff(initial: .milliseconds(100), maximum: .seconds(5))
        ) {
            self.threshold = max(1, threshold)
            self.backoff = backoff
        }
    }

    /// Where the breaker stands.
    public enum State: Sendable, Hashable {
        /// Messages are consumed; so many connection failures in a row so far.
        case closed(failures: Int)
        /// Consuming is stopped; so many probes have failed.
        case open(probes: Int)
    }

    /// What the caller has to do.
    public enum Action: Sendable, Hashable {
        /// Try the same batch again at once.
        case tryAgain
        /// Stop consuming, wait, then probe.
        case pause(probeAfter: Duration)
        /// Wait, then probe.
        case wait(probeAfter: Duration)
        /// Consume again.
        case resume
        /// Nothing.
        case none
    }

    /// Where it stands.
    public private(set) var state: State = .closed(failures: 0)
    let policy: Policy

    /// Makes a closed breaker.
    public init(policy: Policy = Policy()) { self.policy = policy }

    /// Whether consuming is stopped.
    public var isOpen: Bool { if case .open = state { true } else { false } }

    /// A transaction failed because of the connection.
    public mutating func failed(using generator: inout some RandomNumberGenerator) -> Action {
        switch state {
        case .closed(let failures) where failures + 1 < policy.threshold:
            state = .closed(failures: failures + 1)
            return .tryAgain
        case .closed:
            state = .open(probes: 0)
            return .pause(probeAfter: policy.backoff.delay(afterTries: 1, using: &generator))
        case .open(let probes):
            state = .open(probes: probes + 1)
            return .wait(probeAfter: policy.backoff.delay(afterTries: probes + 2, using: &generator))
        }
    }

    /// A transaction or a probe succeeded.
    public mutating func succeeded() -> Action {
        let wasOpen = isOpen
        state = .closed(failures: 0)
        return wasOpen ? .resume : .none
    }
}
