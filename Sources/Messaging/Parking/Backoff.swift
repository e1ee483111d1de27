/// A delay that doubles with each try up to a maximum, with jitter.
public struct Backoff: Sendable, Hashable {
    /// The delay before the second try.
    public var initial: Duration
    /// The longest delay.
    public var maximum: Duration
    /// How much of the delay is random, 0 to 1: with 0.2 a delay of 10 s lies between 8 s and 10 s.
    public var jitter: Double

    /// Makes a backoff.
    public init(initial: Duration, maximum: Duration, jitter: Double = 0.2) {
        self.initial = initial
        self.maximum = maximum
        self.jitter = min(max(jitter, 0), 1)
    }

    /// The delay after `tries` tries that failed.
    ///
    /// - Parameter tries: at least 1; a smaller number counts as 1.
    public func delay(afterTries tries: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        var delay = initial
        var step = 1
        while step < tries, delay < maximum {
            delay = delay * 2
            step += 1
        }
        delay = min(delay, maximum)
        guard jitter > 0 else { return delay }
        return delay * (1 - Double.random(in: 0...jitter, using: &generator))
    }
}
