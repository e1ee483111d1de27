import DequeModule

/// Which published messages the broker still owes an answer for. Pure; one per opening of a channel.
///
/// Tags count from 1 in the order of publishing. A ticket is what the caller knows a message by.
package struct ConfirmTracker<Ticket> {
    /// An answer of the broker.
    package enum Outcome: Equatable {
        case confirmed
        case nacked
        case returned(code: UInt16, text: String)
    }

    private struct Entry {
        let ticket: Ticket
        var settled = false
        /// Set by a return, which precedes the acknowledgement of the same message and overrules it.
        var returned: (code: UInt16, text: String)?
    }

    /// Most messages in flight.
    package let window: Int
    /// Messages without an answer.
    package private(set) var inFlight = 0
    private var entries: Deque<Entry> = []
    private var firstTag: UInt64 = 1

    package init(window: Int) { self.window = max(1, window) }

    package var isFull: Bool { inFlight >= window }

    private var nextTag: UInt64 { firstTag + UInt64(entries.count) }

    /// Takes note of a message that is being written; returns its tag.
    @discardableResult
    package mutating func publish(_ ticket: Ticket) -> UInt64 {
        let tag = nextTag
        entries.append(Entry(ticket: ticket))
        inFlight += 1
        return tag
    }

    /// An ack or nack. With `multiple` it covers every open tag up to and including `tag`, and tag 0 means all.
    ///
    /// A tag that was settled before is ignored; one that was never published breaks the protocol.
    package mutating func settle(
        tag: UInt64, multiple: Bool, positive: Bool, _ body: (Ticket, Outcome) -> Void
    ) throws(AMQPError) {
        guard tag < nextTag, tag > 0 || multiple else {
            throw AMQPError(.protocol, "the broker answered for delivery tag \(tag), which was never published")
        }
        if multiple {
            let last = tag == 0 ? nextTag - 1 : tag
            while firstTag <= last, let entry = entries.popFirst() {
                firstTag += 1
                if !entry.settled { finish(entry, positive, body) }
            }
        } else if tag >= firstTag {
            let index = Int(tag - firstTag)
            guard !entries[index].settled else { return }
            entries[index].settled = true
            finish(entries[index], positive, body)
        }
        while let first = entries.first, first.settled {
            entries.removeFirst()
            firstTag += 1
        }
    }

    private mutating func finish(_ entry: Entry, _ positive: Bool, _ body: (Ticket, Outcome) -> Void) {
        inFlight -= 1
        if let returned = entry.returned {
            body(entry.ticket, .returned(code: returned.code, text: returned.text))
        } else {
            body(entry.ticket, positive ? .confirmed : .nacked)
        }
    }

    /// A return. Every open message that matches is marked: where two cannot be told apart both count as returned,
    /// since sending again is harmless and losing one is not.
    /// - Returns: how many were marked.
    @discardableResult
    package mutating func markReturned(code: UInt16, text: String, where matches: (Ticket) -> Bool) -> Int {
        var count = 0
        for index in entries.indices where !entries[index].settled && matches(entries[index].ticket) {
            entries[index].returned = (code, text)
            count += 1
        }
        return count
    }

    /// The channel is gone: everything without an answer, in the order of publishing. The tracker starts again at tag 1.
    package mutating func drain() -> [Ticket] {
        let open = entries.compactMap { $0.settled ? nil : $0.ticket }
        entries.removeAll()
        firstTag = 1
        inFlight = 0
        return open
    }
}
