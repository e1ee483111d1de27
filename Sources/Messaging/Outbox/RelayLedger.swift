package import AMQP

/// What a flight of the relay came to. Pure.
package struct RelayLedger: Sendable {
    /// A row that must be published again.
    package struct Refused: Sendable, Hashable {
        package let id: Int64
        /// Tries, this one included.
        package let attempts: Int
        package let reason: String
    }

    /// The rows that the broker has.
    package private(set) var done: [Int64] = []
    /// The rows that it returned or refused. Each has to wait.
    package private(set) var refused: [Refused] = []
    /// How many rows have no answer because the connection was lost. That says nothing about them: they are simply
    /// published again. If the broker had them already, their receivers know their ids.
    package private(set) var unanswered = 0

    /// Sorts the outcomes.
    ///
    /// - Parameters:
    ///   - rows: the rows that were published, with the tries before this one.
    ///   - outcomes: one for each row; a missing one counts as unanswered.
    package init(rows: [(id: Int64, attempts: Int)], outcomes: [PublishOutcome]) {
        done.reserveCapacity(rows.count)
        for (index, row) in rows.enumerated() {
            guard index < outcomes.count else {
                unanswered += 1
                continue
            }
            switch outcomes[index] {
            case .confirmed: done.append(row.id)
            case .nacked: refuse(row, "the broker refused it")
            case .returned(let code, let text): refuse(row, "no queue takes it (\(code) \(text))")
            case .failed(let error) where error.isConnectionFailure: unanswered += 1
            case .failed(let error): refuse(row, "\(error)")
            }
        }
    }

    private mutating func refuse(_ row: (id: Int64, attempts: Int), _ reason: String) {
        refused.append(Refused(id: row.id, attempts: row.attempts + 1, reason: reason))
    }
}
