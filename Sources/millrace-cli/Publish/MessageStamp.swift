import AMQP
import Contracts
import Foundation

/// Puts checked data into envelopes and messages.
struct MessageStamp: Sendable {
    private let envelope: EnvelopeStamp
    private let headers: AMQPTable
    private let givenKey: (text: String, escaped: [UInt8])?
    private let topic: String
    private let type: String
    private let isCommand: Bool

    init(_ draft: EventDraft) {
        envelope = EnvelopeStamp(
            source: draft.source, type: draft.type, subject: draft.subject, dataschema: draft.contract?.dataschema,
            correlationID: draft.correlationID)
        headers = draft.headers.mapValues { AMQPValue.string($0) }
        givenKey = draft.key.map { ($0, EnvelopeStamp.escaped($0)) }
        topic = draft.topic
        type = draft.type
        isCommand = draft.topic == WellKnown.commandsExchange
    }

    /// The message for one value of a piece.
    func message(_ message: CheckedPiece.Message, of piece: CheckedPiece, id: UUID, time: Date) -> OutgoingMessage {
        var headers = headers
        let body = piece.withData(message) { data in
            withKey(message.key, data) { key, escaped in
                // Queues that are split into partitions are split by this header.
                if let key { headers["partitionkey"] = .string(key) }
                return envelope.envelope(id: id, time: time, key: escaped, data: data)
            }
        }
        return OutgoingMessage(
            exchange: topic, routingKey: type,
            properties: .init(contentType: WellKnown.contentType, headers: headers, messageID: id.lowercased, type: type),
            // A command that nobody takes is an error; an event that nobody reads is not.
            body: body, mandatory: isCommand)
    }

    /// The partition key of a message as text.
    func key(_ message: CheckedPiece.Message, of piece: CheckedPiece) -> String? {
        piece.withData(message) { data in withKey(message.key, data) { key, _ in key } }
    }

    private func withKey<R>(
        _ key: EventKey, _ data: UnsafeBufferPointer<UInt8>, _ body: (String?, UnsafeBufferPointer<UInt8>?) -> R
    ) -> R {
        switch key {
        case .none: return body(nil, nil)
        case .given: return givenKey.map { given in given.escaped.withUnsafeBufferPointer { body(given.text, $0) } } ?? body(nil, nil)
        case .place(let range):
            let text = UnsafeBufferPointer(rebasing: data[range])
            return body(String(decoding: text, as: UTF8.self), text)
        case .text(let text): return EnvelopeStamp.escaped(text).withUnsafeBufferPointer { body(text, $0) }
        }
    }
}
