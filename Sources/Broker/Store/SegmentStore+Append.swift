internal import NIOCore

/// Appending: everything here only collects in memory.
extension SegmentStore {
    package func append(_ message: Message, to slots: [QueueSlot], persistent: Bool) -> StoredMessage {
        appended += 1
        if persistent { isUrgent = true }
        return write(
            MessageRecord(
                message: message, slots: slots.map { .init(slot: $0, deliveryCount: 0) }, settlements: [],
                isTransient: !persistent))
    }

    package func acknowledge(_ stored: StoredMessage, _ slot: QueueSlot) {
        guard settle(stored.segment, slot) else { return }
        note(.settled(stored.segment, slot))
    }

    package func transfer(
        _ message: Message, from stored: StoredMessage, _ source: QueueSlot, to targets: [QueueSlot]
    ) -> StoredMessage {
        guard !targets.isEmpty else {
            acknowledge(stored, source)
            return stored
        }
        let wasLive = settle(stored.segment, source)
        appended += 1
        // The segment that it leaves must stay until the record that says so is durable.
        segments[stored.segment]?.releasedBy = appended
        return write(
            MessageRecord(
                message: message, slots: targets.map { .init(slot: $0, deliveryCount: 0) },
                settlements: wasLive ? [.settled(stored.segment, source)] : [],
                isTransient: !message.attributes.isPersistent))
    }

    package func recordDeliveryCount(_ count: UInt32, of stored: StoredMessage, _ slot: QueueSlot) {
        guard let segment = segments[stored.segment], segment.live.contains(slot.queue.rawValue, slot.position) else { return }
        deliveryCounts[slot.key] = count
        var settlement = Settlement.settled(stored.segment, slot)
        settlement.kind = .deliveryCount
        settlement.count = count
        note(settlement)
    }

    package func purge(_ queue: QueueID, through position: UInt64, _ messages: some Sequence<StoredMessage>) {
        let id = queue.rawValue
        for segment in segments.values where segment.live.count(of: id, through: position) > 0 {
            segment.live.removeAll(of: id, through: position)
            note(Settlement(kind: .purged, segment: segment.number, queue: id, count: 0, position: position))
            noteSettled(segment)
        }
        guard !deliveryCounts.isEmpty else { return }
        deliveryCounts = deliveryCounts.filter { $0.key.queue != id || $0.key.position > position }
    }

    // MARK: - Settling

    /// Takes a slot out of what is live; false if it was not.
    @inline(__always)
    private func settle(_ number: UInt32, _ slot: QueueSlot) -> Bool {
        guard let segment = segments[number], segment.live.remove(slot.queue.rawValue, slot.position) else { return false }
        if !deliveryCounts.isEmpty { deliveryCounts[slot.key] = nil }
        noteSettled(segment)
        return true
    }

    @inline(__always)
    private func noteSettled(_ segment: Segment) {
        settledSinceReview += 1
        if segment.live.isEmpty { emptied.insert(segment.number) }
    }

    @inline(__always)
    func note(_ settlement: Settlement) {
        appended += 1
        if oldestSettlement == nil { oldestSettlement = appended }
        settlements.add(settlement)
    }

    // MARK: - Records

    /// Encodes a message into the tail segment.
    func write(_ record: MessageRecord) -> StoredMessage {
        let length = record.length
        let flags = record.flags
        let segment = room(
            for: length, SegmentIndex.growth(slots: record.slots.count, settlements: record.settlements.count))
        let offset = put(length, .message, flags: flags, into: segment) { record.encode(into: $0) }
        let entry = SegmentIndex.Entry(
            offset: UInt32(offset), length: UInt32(length), bodyLength: UInt32(record.message.body.readableBytes), flags: flags,
            priority: record.message.attributes.priority)
        segment.index.add(entry, slots: record.slots)
        for settlement in record.settlements { add(settlement, to: segment) }
        for slot in record.slots { segment.live.insert(slot.slot.queue.rawValue, slot.slot.position) }
        segment.slots += record.slots.count
        segment.messageBytes += length
        return StoredMessage(segment: segment.number, offset: UInt32(offset), length: UInt32(length))
    }

    /// Turns the settlements that wait into records.
    func flushSettlements() {
        guard !settlements.isEmpty else { return }
        let items = settlements.take().filter { segments[$0.segment] != nil }
        for start in stride(from: 0, to: items.count, by: Self.settlementsPerRecord) {
            write(items[start..<min(start + Self.settlementsPerRecord, items.count)])
        }
        oldestSettlement = nil
    }

    private static let settlementsPerRecord = 128

    private func write(_ items: ArraySlice<Settlement>) {
        let length = SegmentFormat.aligned(RecordHeader.size + items.count * Settlement.size)
        let segment = room(for: length, SegmentIndex.growth(slots: 0, settlements: items.count))
        _ = put(length, .settlements, flags: 0, into: segment) { raw in
            var writer = LogWriter(raw, at: RecordHeader.size)
            for item in items { item.encode(into: &writer) }
            writer.pad(to: length)
        }
        for item in items { add(item, to: segment) }
    }

    private func add(_ settlement: Settlement, to segment: Segment) {
        segment.index.add(settlement)
        if settlement.segment != segment.number { segment.references[settlement.segment, default: 0] += 1 }
    }

    @inline(__always)
    private func put(
        _ length: Int, _ kind: RecordHeader.Kind, flags: UInt8, into segment: Segment,
        _ encode: (UnsafeMutableRawBufferPointer) -> Void
    ) -> Int {
        let offset = segment.tail
        segment.pending.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { raw in
            let record = UnsafeMutableRawBufferPointer(rebasing: raw[..<length])
            encode(record)
            RecordHeader.seal(record, kind: kind.rawValue, flags: flags, batch: batch, tag: segment.header.tag, offset: offset)
            return length
        }
        segment.tail += length
        segment.batch = batch
        return offset
    }

    /// The tail segment, after going on to the next one if the record does not fit.
    private func room(for length: Int, _ indexGrowth: Int) -> Segment {
        if tail.fits(length, indexGrowth: indexGrowth) { return tail }
        tail.isClosed = true
        tail.closedAt = (oldestSettlement ?? appended) - 1
        enlarge(next, toHold: length + indexGrowth)
        open.append(next)
        next = planSegment()
        return tail
    }

    /// A message larger than a segment gets a larger segment.
    private func enlarge(_ segment: Segment, toHold bytes: Int) {
        let needed = (SegmentFormat.dataStart + bytes + SegmentFormat.trailerSize + 4095) & ~4095
        guard needed > segment.capacity else { return }
        segment.capacity = needed
        if segment.state == .ready { segment.state = .planned }
    }
}
