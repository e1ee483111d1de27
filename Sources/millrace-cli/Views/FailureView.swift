import Foundation
import Messaging

/// A parked message as programs read it: ids in lower case as everywhere else, and the message as text.
struct FailureView: Encodable {
    var position: Int64
    var id: String
    var partitionKey: String?
    var exchange: String
    var type: String
    var status: String
    var attempts: Int
    var nextAttemptAt: Date?
    var fingerprint: String?
    var errorType: String?
    var errorMessage: String?
    var errorPlace: String?
    var parkedAt: Date
    /// The message; nil in lists.
    var message: String?
    /// The message in Base64, if it is not UTF-8.
    var messageBase64: String?

    init(_ failure: Failure) {
        position = failure.position
        id = failure.id.uuidString.lowercased()
        partitionKey = failure.partitionKey
        exchange = failure.exchange
        type = failure.type
        status = failure.status.rawValue
        attempts = failure.attempts
        nextAttemptAt = failure.nextAttemptAt
        fingerprint = failure.fingerprint
        errorType = failure.errorType
        errorMessage = failure.errorMessage
        errorPlace = failure.errorPlace
        parkedAt = failure.parkedAt
        guard !failure.body.isEmpty else { return }
        message = String(validating: failure.body, as: UTF8.self)
        if message == nil { messageBase64 = Data(failure.body).base64EncodedString() }
    }
}
