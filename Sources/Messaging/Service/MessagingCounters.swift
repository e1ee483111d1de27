import Locking

/// What the messaging of one process has done since it started.
public struct MessagingCounters: Sendable, Hashable {
    /// Messages whose handlers ran and committed, parked ones and timers included.
    public var handled = 0
    /// Messages that the inbox knew already.
    public var duplicates = 0
    /// Messages refused because their step had been compensated already.
    public var fenced = 0
    /// Transactions that handled messages from the queue.
    public var batches = 0
    /// Batches that rolled back and were handled one by one.
    public var failedBatches = 0
    /// Runs of a message after one that failed.
    public var retried = 0
    /// Messages that were parked, successors of a parked one included.
    public var parked = 0
    /// Timers that fired and committed.
    public var timersFired = 0
    /// Messages that the broker confirmed.
    public var published = 0
    /// Messages that the broker returned or refused, or whose confirm was lost with the connection.
    public var publishFailures = 0
    /// Submissions that were committed.
    public var submissions = 0
    /// Transactions that committed submissions.
    public var submissionBatches = 0
    /// How often the circuit breaker opened.
    public var breakerOpened = 0
}

/// The counters, shared by the parts of one ``Messaging``.
final class CounterBox: Sendable {
    private let counters = Locked(MessagingCounters())

    func update(_ body: (inout MessagingCounters) -> Void) { counters.withLock { body(&$0) } }

    func snapshot() -> MessagingCounters { counters.withLock { $0 } }
}
