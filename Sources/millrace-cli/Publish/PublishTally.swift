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
    /// The numbers of the confirmed messages, as ranges in order.
    package private(set) var confirmedNumbers: [ClosedRange<Int>] = []
    /// Every message up to this number is confirmed, or was refused and left out.
    package private(set) var settledThrough: Int
    package private(set) var losses: [Loss] = []
    /// How many messages were never sent, because their data is refused.
    package private(set) var refused = 0
    /// How many the broker did not take.
    package private(set) var rejected = 0
    /// How many the broker may have, or not.
    package private(set) var unconfirmed = 0
    /// How many messages are lost, also those that ``losses`` no longer lists.
    package var lost: Int { refused + rejected + unconfirmed }

    /// Losses listed one by one.
    private static let listed = 1000
    private let leavesOutRefused: Bool

    /// - Parameters:
    ///   - skipped: messages that were left out at the start.
    ///   - leavesOutRefused: whether refused data is done with; else somebody has to mend it.
    package init(skipped: Int = 0, leavesOutRefused: Bool = false) {
        settledThrough = skipped
        self.leavesOutRefused = leavesOutRefused
    }

    /// Takes note of a message that the broker has. Numbers come in order.
    package mutating func confirm(_ number: Int) {
        confirmed += 1
        if let last = confirmedNumbers.last, number == last.upperBound + 1 {
            confirmedNumbers[confirmedNumbers.count - 1] = last.lowerBound...number
        } else {
            confirmedNumbers.append(number...number)
        }
        if number == settledThrough + 1 { settledThrough = number }
    }

    /// Takes note of a message that the broker does not have, or may not have.
    package mutating func lose(_ loss: Loss) {
        switch loss.kind {
        case .refused:
            refused += 1
            if leavesOutRefused, loss.number == settledThrough + 1 { settledThrough = loss.number }
        case .rejected: rejected += 1
        case .unconfirmed: unconfirmed += 1
        }
        if losses.count < Self.listed { losses.append(loss) }
    }

    /// Which messages the broker has, in words: `messages 1 to 7, 9 and 12 to 30`. Nil when there are none.
    package var confirmedWords: String? {
        guard !confirmedNumbers.isEmpty else { return nil }
        var parts = confirmedNumbers.prefix(20).map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound) to \($0.upperBound)" }
        if confirmedNumbers.count > 20 { parts.append("others up to \(confirmedNumbers[confirmedNumbers.count - 1].upperBound)") }
        let last = parts.removeLast()
        let list = parts.isEmpty ? last : parts.joined(separator: ", ") + " and " + last
        return (confirmed == 1 ? "message " : "messages ") + list
    }
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
