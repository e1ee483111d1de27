/// Entries whose messages are on disk, in 24 bytes each (32 where they expire).
struct PackedEntries {
    private struct Packed {
        /// Position behind the first one's.
        var delta: UInt32
        var segment: UInt32
        var offset: UInt32
        var length: UInt32
        var size: UInt32
        /// Priority, whether it was redelivered, and the delivery count, from the low bits up.
        var flags: UInt32
    }

    private static let deliveryCounts: UInt32 = 1 << 23

    private let base: UInt64
    private var entries: ContiguousArray<Packed> = []
    /// Empty while none expires.
    private var expiries: ContiguousArray<Int64> = []

    /// Nil for entries that do not fit: no record on disk, positions far apart, a delivery count beyond 8 million.
    init?(_ source: ContiguousArray<QueueEntry>) {
        guard let first = source.first else { return nil }
        base = first.position
        entries.reserveCapacity(source.count)
        for entry in source {
            guard
                let stored = entry.stored, entry.message == nil, entry.deliveryCount < Self.deliveryCounts,
                let delta = UInt32(exactly: entry.position &- base)
            else { return nil }
            entries.append(
                Packed(
                    delta: delta, segment: stored.segment, offset: stored.offset, length: stored.length,
                    size: entry.size,
                    flags: UInt32(entry.priority) | (entry.isRedelivered ? 1 << 8 : 0) | entry.deliveryCount << 9))
        }
        if source.contains(where: { $0.expiresAt != .max }) { expiries = ContiguousArray(source.map(\.expiresAt)) }
    }

    var count: Int { entries.count }
    var lastPosition: UInt64 { base + UInt64(entries[entries.count - 1].delta) }

    subscript(index: Int) -> QueueEntry {
        let packed = entries[index]
        return QueueEntry(
            position: base + UInt64(packed.delta),
            stored: StoredMessage(segment: packed.segment, offset: packed.offset, length: packed.length),
            message: nil, size: packed.size, priority: UInt8(truncatingIfNeeded: packed.flags),
            isRedelivered: packed.flags & (1 << 8) != 0, deliveryCount: packed.flags >> 9,
            expiresAt: expiries.isEmpty ? .max : expiries[index])
    }

    mutating func relocate(_ position: UInt64, to stored: StoredMessage) -> Bool {
        guard position >= base, let delta = UInt32(exactly: position - base) else { return false }
        var low = 0
        var high = entries.count
        while low < high {
            let middle = low + (high - low) / 2
            if entries[middle].delta < delta { low = middle + 1 } else { high = middle }
        }
        guard low < entries.count, entries[low].delta == delta else { return false }
        entries[low].segment = stored.segment
        entries[low].offset = stored.offset
        entries[low].length = stored.length
        return true
    }
}
