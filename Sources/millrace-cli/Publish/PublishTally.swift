import AMQP
import Foundation

/// What became of the messages of one `publish`.
package struct PublishTally: Sendable, Equatable {
    /// A message that the broker does not have, or may not have.
    package struct Loss: Sendable, Equatable, Encodable {
        package enum Kind: String, Sendable, Encodable {
            /// It was never sent: its data is refused.
            case refused
            /// Nobody takes it, or the broker said no.
            case rejected
            /// Nobody knows.
            case unconfirmed
        }
        package var number: Int
        package var line: Int
        package var id: String?
        package var kind: Kind
        package var reason: String

        package init(number: Int, line: Int, id: String? = nil, kind: Kind, reason: String) {
            self.number = number
            self.line = line
            self.id = id
            self.kind = kind
            self.reason = reason
        }
    }

    package private(set) var confirmed = 0
    /// Every message up to this number is confirmed.
    package private(set) var confirmedThrough: Int
    package private(set) var losses: [Loss] = []
    /// How many messages are lost, also those that ``losses`` no longer lists.
    package private(set) var lost = 0

    /// Losses listed one by one.
    private static let listed = 1000

    /// - Parameter skipped: messages that were left out at the start.
    package init(skipped: Int = 0) { confirmedThrough = skipped }

    package mutating func confirm(_ number: Int) {
        confirmed += 1
        if number == confirmedThrough + 1 { confirmedThrough = number }
    }

    package mutating func lose(_ loss: Loss) {
        lost += 1
        if losses.count < Self.listed { losses.append(loss) }
    }

    package var unconfirmed: Int { losses.count { $0.kind == .unconfirmed } }
}

extension PublishOutcome {
    /// Nil for a message that the broker has.
    var loss: (kind: PublishTally.Loss.Kind, reason: String)? {
        switch self {
        case .confirmed: nil
        case .returned(_, let text): (.rejected, "nobody takes it: \(text)")
        case .nacked: (.rejected, "the broker refused it: its queue is full")
        case .failed(let error):
            error.replyCode.map { $0 >= 400 } == true && error.code == .channelClosed
                ? (.rejected, error.message) : (.unconfirmed, error.message)
        }
    }
}
