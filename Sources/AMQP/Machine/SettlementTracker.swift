/// Which deliveries of a channel are still unanswered, and the fewest methods that answer what was decided. Pure.
///
/// It also keeps a second answer for one tag from reaching the broker, which would close the channel for it.
package struct SettlementTracker {
    /// A method to send.
    package enum Action: Equatable {
        case acknowledge(tag: UInt64, multiple: Bool)
        case reject(tag: UInt64, requeue: Bool)
    }

    /// Highest tag delivered.
    private var last: UInt64 = 0
    /// Every tag up to this one has been answered.
    private var answered: UInt64 = 0
    /// Tags above `answered` that have been answered already.
    private var scattered: Set<UInt64> = []
    /// Tags to acknowledge with the next flush.
    private var pending: Set<UInt64> = []
    /// Acknowledge all up to here with the next flush; 0 if none.
    private var pendingThrough: UInt64 = 0
    private var rejections: [Action] = []

    package init() {}

    /// Deliveries without an answer.
    package var outstanding: Int { Int(last - answered) - scattered.count }
    package var hasWork: Bool { pendingThrough > 0 || !pending.isEmpty || !rejections.isEmpty }

    package mutating func delivered(_ tag: UInt64) { last = max(last, tag) }

    /// - Returns: false if the tag is unknown or was answered before; nothing happens then.
    @discardableResult
    package mutating func acknowledge(_ tag: UInt64, multiple: Bool) -> Bool {
        guard tag > answered, tag <= last else { return false }
        if multiple {
            pendingThrough = max(pendingThrough, tag)
            return true
        }
        guard tag > pendingThrough, !scattered.contains(tag) else { return false }
        return pending.insert(tag).inserted
    }

    @discardableResult
    package mutating func reject(_ tag: UInt64, requeue: Bool) -> Bool {
        guard tag > answered, tag > pendingThrough, tag <= last, !scattered.contains(tag), !pending.contains(tag) else { return false }
        scattered.insert(tag)
        rejections.append(.reject(tag: tag, requeue: requeue))
        return true
    }

    /// The methods for what was decided since the last flush.
    package mutating func flush(_ body: (Action) -> Void) {
        // Rejections first: an acknowledgement of all up to a higher tag would cover them.
        for rejection in rejections { body(rejection) }
        rejections.removeAll(keepingCapacity: true)
        guard pendingThrough > 0 || !pending.isEmpty else { return }

        // Walk the run of answered tags from the lowest open one; one multiple acknowledgement covers its open tags.
        var tag = answered + 1
        var highestOpen: UInt64 = 0
        var openCount = 0
        while tag <= last {
            if scattered.remove(tag) != nil {
                tag += 1
            } else if tag <= pendingThrough || pending.contains(tag) {
                pending.remove(tag)
                highestOpen = tag
                openCount += 1
                tag += 1
            } else {
                break
            }
        }
        answered = tag - 1
        pendingThrough = 0
        if openCount > 0 { body(.acknowledge(tag: highestOpen, multiple: openCount > 1)) }
        guard !pending.isEmpty else { return }
        for tag in pending.sorted() {
            scattered.insert(tag)
            body(.acknowledge(tag: tag, multiple: false))
        }
        pending.removeAll(keepingCapacity: true)
    }
}
