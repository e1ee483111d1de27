/// Everything a demonstration has found, for `-o json`.
struct DemoReport: Sendable, Codable {
    struct Worker: Sendable, Codable {
        var name: String
        /// Messages it has handled.
        var handled: Int
        /// Handled messages in a second, over the time the orders took.
        var handledPerSecond: Double
        /// Resident memory when it was ready, in bytes.
        var residentBytesAtRest: Int
        /// The most that was seen, in bytes.
        var residentBytesMost: Int
        /// How often it was started again.
        var restarts: Int
        /// Processor time it has used since its last start, in seconds; nil if that is not known.
        var processorSeconds: Double?
    }

    /// Processor time of a part that is no worker.
    struct Part: Sendable, Codable {
        var name: String
        var processorSeconds: Double
    }

    struct Kill: Sendable, Codable {
        /// Seconds after the first order.
        var second: Double
        var victim: String
        /// Orders that were settled then.
        var settled: Int
    }

    var holds: Bool
    var invariants: [Invariant]
    var load: LoadReport
    /// Orders in a final state in a second, from the first POST to the end of the last.
    var ordersPerSecond: Double
    /// From POST to final state, in milliseconds; half of the orders are faster.
    var p50Milliseconds: Double
    /// From POST to final state, in milliseconds; 99 % of the orders are faster.
    var p99Milliseconds: Double
    var startSeconds: Double
    var workers: [Worker]
    var parts: [Part]
    var kills: [Kill]
    var seed: UInt64?
    var audit: Audit
}
