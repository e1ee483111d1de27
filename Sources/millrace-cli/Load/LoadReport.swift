/// What came of loading a file.
package struct LoadReport: Sendable, Codable, Equatable {
    /// Orders that were to be loaded.
    package var orders = 0
    /// Products that were made.
    package var products = 0
    /// Orders the edge has accepted, so far as the answers tell.
    package var accepted = 0
    /// Accepted orders whose answer already said that they are confirmed.
    package var confirmed = 0
    /// Accepted orders whose answer already said that they are rejected, by kind of problem.
    package var rejected: [String: Int] = [:]
    /// Orders that were sent, but whose answer was lost: nobody but the edge knows.
    package var unknown = 0
    /// Requests that were sent again because the answer was an error on the server's side (5xx). Should the edge have
    /// accepted one all the same, it has an order that nobody here counts.
    package var retried = 0
    /// Orders the edge has refused (4xx that is no outcome of an order), by status.
    package var refused: [String: Int] = [:]
    /// Seconds from the first order to the last answer.
    package var seconds = 0.0

    package init() {}

    /// All that were rejected.
    package var rejectedTotal: Int { rejected.values.reduce(0, +) }
    /// All that were refused.
    package var refusedTotal: Int { refused.values.reduce(0, +) }
    /// Orders that have an end, whatever it is.
    package var settled: Int { accepted + unknown + refusedTotal }
    /// Settled orders in a second.
    package var ordersPerSecond: Double { seconds > 0 ? Double(accepted) / seconds : 0 }
}
