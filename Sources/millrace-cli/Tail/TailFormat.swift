package import Contracts
import Foundation

/// The text of `--format`: letters after % stand for parts of the event.
package struct TailFormat: Equatable, Sendable {
    /// A part of an event.
    package enum Part: Character, CaseIterable, Sendable {
        case type = "t", id = "i", data = "v", time = "T", key = "k", topic = "o", subject = "s", source = "S"
        case sequence = "n", correlation = "c", causation = "C", envelope = "e", percent = "%"

        package var meaning: String {
            switch self {
            case .type: "type"
            case .id: "id"
            case .data: "data, as JSON"
            case .time: "time"
            case .key: "partition key"
            case .topic: "topic"
            case .subject: "subject"
            case .source: "source"
            case .sequence: "sequence"
            case .correlation: "correlation id"
            case .causation: "causation id"
            case .envelope: "the whole envelope, as JSON"
            case .percent: "a percent sign"
            }
        }
    }

    private enum Piece: Equatable, Sendable {
        case text(String)
        case part(Part)
    }

    private var pieces: [Piece] = []

    /// - Throws: ``UsageFailure`` when a letter stands for nothing.
    package init(_ text: String) throws {
        var literal = ""
        var characters = text.makeIterator()
        while let character = characters.next() {
            switch character {
            case "%":
                guard let letter = characters.next(), let part = Part(rawValue: letter) else {
                    let known = Part.allCases.map { "%\($0.rawValue) \($0.meaning)" }.joined(separator: ", ")
                    throw UsageFailure("in --format a letter after % must be one of: \(known)")
                }
                pieces += [.text(literal), .part(part)]
                literal = ""
            case "\\":
                switch characters.next() {
                case "n": literal += "\n"
                case "t": literal += "\t"
                case let other?: literal.append(other)
                case nil: literal += "\\"
                }
            default: literal.append(character)
            }
        }
        pieces = (pieces + [.text(literal)]).filter { $0 != .text("") }
    }

    /// The text for an event; `-` stands for what it does not have.
    package func text(for event: TailedEvent) -> String {
        pieces.map { piece in
            switch piece {
            case .text(let text): text
            case .part(let part): event.text(of: part)
            }
        }.joined()
    }
}

/// An event as it came.
package struct TailedEvent: Sendable {
    package var topic: String
    package var envelope: Envelope
    /// The bytes of the whole envelope.
    package var body: [UInt8]

    package init(topic: String, envelope: Envelope, body: [UInt8]) {
        self.topic = topic
        self.envelope = envelope
        self.body = body
    }

    package func text(of part: TailFormat.Part) -> String {
        switch part {
        case .type: envelope.type
        case .id: envelope.id.lowercased
        case .data: envelope.data.isEmpty ? "null" : String(decoding: envelope.data, as: UTF8.self)
        case .time: envelope.time.ISO8601Format(.iso8601WithTimeZone(includingFractionalSeconds: true))
        case .key: envelope.partitionKey ?? "-"
        case .topic: topic
        case .subject: envelope.subject ?? "-"
        case .source: envelope.source
        case .sequence: envelope.sequence.map { "\($0)" } ?? "-"
        case .correlation: envelope.correlationID?.lowercased ?? "-"
        case .causation: envelope.causationID?.lowercased ?? "-"
        case .envelope: String(decoding: body, as: UTF8.self)
        case .percent: "%"
        }
    }
}
