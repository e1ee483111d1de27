import DequeModule

/// A delivery that the client has not settled yet.
package struct UnsettledDelivery {
    package var tag: UInt64
    package var entry: QueueEntry
    package var queue: Queue
    /// Nil for a message that was fetched with `basic.get`.
    package var consumer: Consumer?

    package init(tag: UInt64, entry: QueueEntry, queue: Queue, consumer: Consumer?) {
        self.tag = tag
        self.entry = entry
        self.queue = queue
        self.consumer = consumer
    }
}

/// The unsettled deliveries of a channel in order of their tags.
///
/// Settling in order, one by one or many at once, costs the same for each; settling out of order leaves a gap that is swept
/// when gaps are in the majority.
package struct UnsettledDeliveries {
    private struct Slot {
        var tag: UInt64
        var delivery: UnsettledDelivery?
    }

    private var slots: Deque<Slot> = []
    package private(set) var count = 0

    package init() {}

    package var isEmpty: Bool { count == 0 }

    /// Adds a delivery; its tag must be higher than all before.
    package mutating func append(_ delivery: UnsettledDelivery) {
        slots.append(Slot(tag: delivery.tag, delivery: delivery))
        count += 1
    }

    /// Takes one delivery out; nil if there is none of that tag.
    package mutating func remove(_ tag: UInt64) -> UnsettledDelivery? {
        if let first = slots.first, first.tag == tag {  // in order, as most clients settle
            let taken = slots.removeFirst().delivery
            if taken != nil { count -= 1 }
            dropGaps()
            return taken
        }
        guard let index = index(of: tag), let delivery = slots[index].delivery else { return nil }
        count -= 1
        slots[index].delivery = nil
        if slots.count > 64, slots.count > 2 * count { slots.removeAll { $0.delivery == nil } }
        return delivery
    }

    /// Takes out all up to `tag`, lowest first; nil if `tag` itself is not there.
    package mutating func remove(through tag: UInt64) -> [UnsettledDelivery]? {
        guard let index = index(of: tag), slots[index].delivery != nil else { return nil }
        let taken = slots.prefix(index + 1).compactMap(\.delivery)
        slots.removeFirst(index + 1)
        count -= taken.count
        dropGaps()
        return taken
    }

    /// Takes out everything, lowest first.
    package mutating func removeAll() -> [UnsettledDelivery] {
        let taken = slots.compactMap(\.delivery)
        slots.removeAll()
        count = 0
        return taken
    }

    /// Puts deliveries back that were taken out (a transaction that was rolled back).
    package mutating func restore(_ deliveries: [UnsettledDelivery]) {
        let all = (removeAll() + deliveries).sorted { $0.tag < $1.tag }
        for delivery in all { append(delivery) }
    }

    private mutating func dropGaps() {
        while let first = slots.first, first.delivery == nil { slots.removeFirst() }
    }

    private func index(of tag: UInt64) -> Int? {
        guard let first = slots.first?.tag, tag >= first else { return nil }
        // Without gaps in the numbers, the place is the distance.
        let guess = tag - first
        if guess < UInt64(slots.count), slots[Int(guess)].tag == tag { return Int(guess) }
        var low = 0
        var high = slots.count
        while low < high {
            let middle = (low + high) / 2
            if slots[middle].tag < tag { low = middle + 1 } else { high = middle }
        }
        return low < slots.count && slots[low].tag == tag ? low : nil
    }
}
