/// What became of a publish.
package enum PublishOutcome: Equatable, Sendable {
    /// At least one queue has it. A confirm waits until the log is durable up to the number; nil: there is nothing to
    /// wait for.
    case routed(waitsFor: LogSequence?)
    /// No queue takes it: returned if mandatory, else dropped; confirmed in both cases.
    case unroutable
    /// A queue refused it at its limit: `basic.nack`.
    case rejected
}
