/// How long to wait before the next attempt. Pure: the caller sleeps.
package struct BackoffState: Sendable {
    private let configuration: AMQPConfiguration.Backoff
    /// Failures since the last reset.
    package private(set) var failures = 0

    package init(_ configuration: AMQPConfiguration.Backoff) { self.configuration = configuration }

    /// Counts a failure and says how long to wait: the initial wait doubled with each failure up to the maximum, of
    /// which the share `jitter` is random, so that many clients of one broker do not come back in step.
    package mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        var wait = max(configuration.initial, .milliseconds(1))
        let maximum = max(configuration.maximum, wait)
        for _ in 0..<min(failures, 62) {
            wait = min(wait * 2, maximum)
            if wait == maximum { break }
        }
        failures += 1
        let jitter = min(max(configuration.jitter, 0), 1)
        return wait * (1 - jitter * Double.random(in: 0...1, using: &generator))
    }

    package mutating func next() -> Duration {
        var generator = SystemRandomNumberGenerator()
        return next(using: &generator)
    }

    package mutating func reset() { failures = 0 }
}
