import DequeModule

/// The publisher confirms of one channel: which tags wait for what.
///
/// Confirms leave strictly in order of their tags, so that one `basic.ack` with `multiple` can speak for all that came due,
/// and never for a tag that was refused.
package struct ConfirmLedger {
    /// Tags up to `last` from the range before on, which all come due together.
    private struct Span {
        var last: UInt64
        var sequence: LogSequence
        var isRefused: Bool
    }

    package enum Answer: Equatable {
        case ack(UInt64, multiple: Bool)
        case nack(UInt64)
    }

    private var spans: Deque<Span> = []
    private var nextTag: UInt64 = 1
    private var answered: UInt64 = 0
    /// Whether the last span belongs to the running turn, and so comes due with what is published now.
    private var isOpen = false

    package init() {}

    /// Publishes without an answer.
    package var unanswered: Int { Int(nextTag - 1 - answered) }
    package var isEmpty: Bool { spans.isEmpty }

    /// A publish was taken. It comes due when the log is durable up to `sequence`, or at the end of the turn if that is nil.
    package mutating func accepted(waitsFor sequence: LogSequence?) {
        let tag = nextTag
        nextTag += 1
        if isOpen, let last = spans.indices.last {
            spans[last].last = tag
            if let sequence, sequence > spans[last].sequence { spans[last].sequence = sequence }
        } else {
            spans.append(Span(last: tag, sequence: sequence ?? 0, isRefused: false))
            isOpen = true
        }
    }

    /// A publish was refused by its queue.
    package mutating func refused() {
        spans.append(Span(last: nextTag, sequence: 0, isRefused: true))
        nextTag += 1
        isOpen = false
    }

    /// Gives the answers that are due, in order.
    package mutating func settle(durable: LogSequence, _ answer: (Answer) -> Void) {
        isOpen = false
        var through = answered
        while let span = spans.first, span.sequence <= durable {
            spans.removeFirst()
            if span.isRefused {
                acknowledge(through: through, answer)
                answer(.nack(span.last))
                answered = span.last
            }
            through = span.last
        }
        acknowledge(through: through, answer)
    }

    private mutating func acknowledge(through tag: UInt64, _ answer: (Answer) -> Void) {
        guard tag > answered else { return }
        answer(.ack(tag, multiple: tag - answered > 1))
        answered = tag
    }
}
