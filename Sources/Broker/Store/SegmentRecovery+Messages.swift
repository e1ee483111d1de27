internal import NIOCore

/// Finding out which messages are live.
extension SegmentRecovery {
    mutating func readMessages() throws(StoreError) {
        var lists = EntryLists()
        for position in found.indices {
            let index = SegmentIndex(settlements: ByteBuffer(), messages: try messages(of: position))
            addLive(of: index, to: log.segments[position], &lists)
        }
        log.entries = lists.byQueue
    }

    private func messages(of position: Int) throws(StoreError) -> ByteBuffer {
        let entry = found[position]
        if let scan = entry.scan { return scan.index.messages }
        if let trailer = entry.trailer,
            let part = try SegmentReader(entry.file).part(.messages, trailer, fileSize: entry.size)
        {
            return part
        }
        throw StoreError(.corrupt, "\(entry.name) changes while it is read. Check the disk, and that nobody else writes there")
    }

    private mutating func addLive(of index: SegmentIndex, to segment: Segment, _ lists: inout EntryLists) {
        let number = segment.number
        let gone = settled.removeValue(forKey: number) ?? SlotSet()
        let purges = purged.removeValue(forKey: number) ?? [:]
        let counts = counts.removeValue(forKey: number) ?? [:]
        var highest = HighestPositions()
        var bytes = 0
        var last: UInt32?
        index.forEachSlot { entry, place in
            segment.slots += 1
            if last != entry.offset { bytes += Int(entry.length) }
            last = entry.offset
            let slot = place.slot
            let queue = slot.queue.rawValue
            highest.note(queue, slot.position)
            guard !entry.isTransient, !gone.contains(queue, slot.position) else { return }
            if let purge = purges[queue], slot.position <= purge { return }
            segment.live.insert(queue, slot.position)
            let count = max(place.deliveryCount, counts.isEmpty ? 0 : counts[slot.key] ?? 0)
            if count > 0 { log.deliveryCounts[slot.key] = count }
            lists.add(
                RecoveredEntry(
                    slot: slot, stored: StoredMessage(segment: number, offset: entry.offset, length: entry.length),
                    size: entry.bodyLength, priority: entry.priority, deliveryCount: count))
        }
        segment.messageBytes = bytes
        highest.forEach { log.note($0, $1) }
    }

    /// Positions rise in the log, but for messages that compaction has moved.
    mutating func sortEntries() {
        for (queue, entries) in log.entries where !Self.isSorted(entries) {
            var sorted = entries.sorted { ($0.slot.position, $0.stored.segment) < ($1.slot.position, $1.stored.segment) }
            dropDoubles(&sorted)
            log.entries[queue] = sorted
        }
    }

    private static func isSorted(_ entries: [RecoveredEntry]) -> Bool {
        var last: UInt64?
        for entry in entries {
            if let last, entry.slot.position <= last { return false }
            last = entry.slot.position
        }
        return true
    }

    /// A copy and its original can both be there only if a damaged file has lost what joined them. The copy stays.
    private mutating func dropDoubles(_ entries: inout [RecoveredEntry]) {
        var kept: [RecoveredEntry] = []
        for entry in entries {
            if let double = kept.last, double.slot.position == entry.slot.position {
                kept.removeLast()
                log.settlements.append(.settled(double.stored.segment, double.slot))
                let segment = log.segments.first { $0.number == double.stored.segment }
                segment?.live.remove(double.slot.queue.rawValue, double.slot.position)
            }
            kept.append(entry)
        }
        entries = kept
    }
}

/// The highest position per queue of one segment, with the last queue at hand.
struct HighestPositions {
    private var positions: [UInt32: UInt64] = [:]
    private var queue: UInt32 = 0
    private var position: UInt64?

    @inline(__always)
    mutating func note(_ queue: UInt32, _ position: UInt64) {
        if let known = self.position, self.queue == queue {
            self.position = max(known, position)
            return
        }
        keep()
        self.queue = queue
        self.position = position
    }

    mutating func forEach(_ body: (UInt32, UInt64) -> Void) {
        keep()
        for (queue, position) in positions { body(queue, position) }
    }

    private mutating func keep() {
        if let position { positions[queue] = max(positions[queue] ?? 0, position) }
    }
}

/// Collects entries by queue. Neighbours are mostly of the same queue, so the last list is at hand.
struct EntryLists {
    private var lists: [[RecoveredEntry]] = []
    private var places: [QueueID: Int] = [:]
    private var last: (queue: QueueID, place: Int)?

    @inline(__always)
    mutating func add(_ entry: RecoveredEntry) {
        if let last, last.queue == entry.slot.queue {
            lists[last.place].append(entry)
            return
        }
        let place = places[entry.slot.queue] ?? lists.count
        if place == lists.count {
            lists.append([])
            places[entry.slot.queue] = place
        }
        lists[place].append(entry)
        last = (entry.slot.queue, place)
    }

    var byQueue: [QueueID: [RecoveredEntry]] { places.mapValues { lists[$0] } }
}
