/// What becomes of a message that failed.
///
/// A message that fails is first run again at once, ``immediate`` times. Then it is parked, and the messages of its key
/// that come after it are parked behind it; the first of the key is run again with growing delays. After ``attempts``
/// of those it is given to an operator. ``Permanent`` errors go to the operator at once.
public struct RetryPolicy: Sendable, Hashable {
    /// How often a failed message is run again at once, at least 0. A run counts if the message's own handler threw in it; one that
    /// failed in a batch, or eagerly, is run once more by itself in any case.
    public var immediate: Int
    /// The delays between the runs of a parked message.
    public var backoff: Backoff
    /// How often a parked message is run before it waits for an operator, at least 0.
    public var attempts: Int

    /// Makes a policy; the defaults are 3 runs at once, then 10 with 1 s doubling to 5 min between them.
    public init(
        immediate: Int = 3, attempts: Int = 10,
        backoff: Backoff = Backoff(initial: .seconds(1), maximum: .seconds(300))
    ) {
        self.immediate = max(0, immediate)
        self.attempts = max(0, attempts)
        self.backoff = backoff
    }

    /// What to do next.
    public enum Decision: Sendable, Hashable {
        /// Run it again now.
        case again
        /// Park it (or leave it parked) and run it after the delay.
        case park(after: Duration)
        /// Park it for an operator.
        case giveUp
    }

    /// Decides after a run in the worker's lane failed.
    ///
    /// - Parameters:
    ///   - runs: how often the message has failed in its lane, this run included; at least 1.
    ///   - permanent: whether the error says that another run cannot help.
    public func decide(
        runs: Int, permanent: Bool, using generator: inout some RandomNumberGenerator
    ) -> Decision {
        if permanent { return .giveUp }
        if runs <= immediate { return .again }
        return attempts == 0 ? .giveUp : .park(after: backoff.delay(afterTries: 1, using: &generator))
    }

    /// Decides after a run of a parked message failed.
    ///
    /// - Parameter runs: how often it has run since it was parked, this run included; at least 1.
    public func decide(
        parkedRuns runs: Int, permanent: Bool, using generator: inout some RandomNumberGenerator
    ) -> Decision {
        if permanent || runs >= attempts { return .giveUp }
        return .park(after: backoff.delay(afterTries: runs + 1, using: &generator))
    }
}
