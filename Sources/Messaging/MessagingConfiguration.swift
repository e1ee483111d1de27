/// How a worker's messaging behaves. Every property has a default that suits production.
public struct MessagingConfiguration: Sendable {
    /// The kind of the worker's queue.
    public enum QueueType: String, Sendable {
        /// One node's queue. The fastest on a single broker.
        case classic
        /// Replicated by Raft over the nodes of a cluster; survives the loss of a node.
        case quorum
    }

    /// The worker's name, for example `orders`.
    public var worker: String
    /// The queue that the worker consumes. With ``partitions`` above 1, `<queue>.0`, `<queue>.1` … are consumed.
    public var queue: String
    /// What the worker's envelopes carry as `source`: `/workers/<name>`.
    public var source: String
    /// Topics that the worker publishes to without handling anything of them; declared by ``Messaging/prepare()``.
    /// Others are declared when the first event for them leaves.
    public var publishes: [String] = []
    /// How many unacknowledged messages the broker may send ahead, 1 to 65,535. At least twice ``batchSize`` keeps the worker busy.
    public var prefetch: UInt16 = 400
    /// How many messages one transaction handles at most, at least 1.
    public var batchSize = 200
    /// When a failed message is tried again, and when it is given to an operator.
    public var retry = RetryPolicy()
    /// How the worker probes a database that cannot be reached.
    public var breaker = CircuitBreaker.Policy()
    /// How large a message that is published may be, in bytes of its envelope, at least 1. A larger one is refused with
    /// ``ContractViolation`` `.tooLarge`. Readers take at most 16 MiB.
    public var maximumMessageBytes = 1_000_000
    /// How long the inbox remembers a message's id. A duplicate that comes later than this is handled again.
    public var inboxRetention: Duration = .seconds(7 * 86_400)
    /// How long a fence keeps a late forward step out.
    public var fenceRetention: Duration = .seconds(30 * 86_400)
    /// How often old rows are looked for.
    public var retentionInterval: Duration = .seconds(60)
    /// How many rows of the outbox one flight publishes at most, at least 1.
    public var relayBatch = 500
    /// How long the relay sleeps when nothing wakes it. This is the backstop; it is woken in-process after each commit.
    public var relayPoll: Duration = .seconds(1)
    /// When a message that the broker returned or refused is published again.
    public var relayRetry = Backoff(initial: .seconds(1), maximum: .seconds(300))
    /// How long the retrier of parked messages sleeps when nothing wakes it.
    public var parkedPoll: Duration = .seconds(1)
    /// How many parked keys are retried side by side.
    public var parkedConcurrency = 2
    /// How long the timer runner sleeps at most.
    public var timerPoll: Duration = .seconds(1)
    /// How many due timers one transaction fires at most.
    public var timerBatch = 100
    /// How many submissions one transaction commits at most.
    public var submissionBatch = 100
    /// The kind of queue.
    public var queueType: QueueType = .quorum
    /// Over how many queues the worker's messages are spread by partition key. More than 1 needs the broker's
    /// `x-consistent-hash` exchange (RabbitMQ: plugin `rabbitmq_consistent_hash_exchange`).
    public var partitions = 1
    /// How often an instance looks whether it works for more than its share of the partitions. See `docs/workers.md`.
    public var shareInterval: Duration = .seconds(10)
    /// A message that was running when the process died this many times is parked without another run.
    public var maxCrashes = 3
    /// How long a graceful shutdown waits for the running batch and for the outbox to empty.
    public var drainTimeout: Duration = .seconds(30)
    /// Whether ``Messaging/run()`` declares the queue and its bindings. Turn it off where the worker's broker user may not.
    public var declaresTopology = true
    /// Seeds the jitter of all backoffs, so that tests can repeat it; nil takes random numbers.
    public var jitterSeed: UInt64?
    /// Where tests interfere.
    package var faults = FaultPoints()

    /// Makes the configuration of a worker, all else at its default.
    ///
    /// - Parameters:
    ///   - worker: the worker's name, for example `orders`.
    ///   - queue: the queue to consume; `worker.<name>` when nil.
    public init(worker: String, queue: String? = nil) {
        self.worker = worker
        self.queue = queue ?? "worker.\(worker)"
        self.source = "/workers/\(worker)"
    }

    /// The queues that are consumed.
    public var queues: [String] {
        partitions <= 1 ? [queue] : (0..<partitions).map { "\(queue).\($0)" }
    }
}
