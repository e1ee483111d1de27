/// Where a worker's messaging stands; what readiness is made of.
public struct MessagingState: Sendable, Hashable {
    /// The part of its life it is in.
    public enum Phase: Sendable, Hashable {
        /// Not running yet.
        case idle
        /// Running.
        case running
        /// Finishing what it has begun.
        case draining
        /// Done.
        case stopped
    }

    /// The part of its life it is in.
    public var phase: Phase = .idle
    /// Whether the topology is declared and the queues are being consumed (or standing by for another instance).
    public var isConsuming = false
    /// Whether the database could not be reached and consuming is stopped until it can.
    public var isBreakerOpen: Bool { !stoppedQueues.isEmpty }
    /// Whether this process publishes the outbox; another instance of the worker may.
    public var isRelaying = false

    /// The queues whose breaker is open.
    var stoppedQueues: Set<String> = []

    /// Whether messages are taken and handled.
    public var isReady: Bool { phase == .running && isConsuming && !isBreakerOpen }
}
