import Foundation
import Sagas

/// An instance of a saga as programs read it: ids in lower case as everywhere else.
struct SagaView: Encodable {
    var id: String
    var saga: String
    var status: String
    var step: String
    var attempt: Int
    var key: String
    var correlationID: String?
    var startedBy: String
    var lastError: String?
    var createdAt: Date
    var updatedAt: Date

    init(_ summary: SagaSummary) {
        id = summary.id.uuidString.lowercased()
        saga = summary.saga
        status = summary.status.rawValue
        step = summary.step
        attempt = summary.attempt
        key = summary.key
        correlationID = summary.correlationID?.uuidString.lowercased()
        startedBy = summary.startedBy.uuidString.lowercased()
        lastError = summary.lastError
        createdAt = summary.createdAt
        updatedAt = summary.updatedAt
    }
}

/// An instance with its state and its timeline.
struct SagaDetailsView: Encodable {
    struct Entry: Encodable {
        var at: Date
        var kind: String
        var step: String?
        var direction: String?
        var commandID: String?
        var detail: String?
    }

    var summary: SagaView
    /// The state's JSON.
    var state: String
    var timeline: [Entry]

    init(_ details: SagaDetails) {
        summary = SagaView(details.summary)
        state = details.state
        timeline = details.timeline.map {
            Entry(
                at: $0.at, kind: $0.kind, step: $0.step, direction: $0.direction?.rawValue,
                commandID: $0.commandID?.uuidString.lowercased(), detail: $0.detail)
        }
    }
}
