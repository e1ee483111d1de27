/// One thing that happened to messages of an earlier (or the same) segment; 24 bytes in the log.
///
/// All three kinds name the segment they speak of, and segment numbers are never used again. So the order in which
/// settlements are read does not matter, a copy of one means what the original means, and one whose segment is gone means
/// nothing.
struct Settlement: Equatable {
    enum Kind: UInt32 {
        /// The slots from `position` on, `count` of them, were acknowledged, dropped or moved elsewhere.
        case settled = 1
        /// All slots of the queue up to `position` are gone.
        case purged = 2
        /// The slot came back for the `count`th time.
        case deliveryCount = 3
    }

    static let size = 24

    var kind: Kind
    var segment: UInt32
    var queue: UInt32
    var count: UInt32
    var position: UInt64

    static func settled(_ segment: UInt32, _ slot: QueueSlot) -> Settlement {
        Settlement(kind: .settled, segment: segment, queue: slot.queue.rawValue, count: 1, position: slot.position)
    }

    /// Takes in a settlement that continues this one; false if it does not.
    @inline(__always)
    mutating func extend(by next: Settlement) -> Bool {
        guard kind == .settled, next.kind == .settled, segment == next.segment, queue == next.queue,
            position + UInt64(count) == next.position, count < 1 << 30
        else { return false }
        count += next.count
        return true
    }

    func encode(into writer: inout LogWriter) {
        writer.put(kind.rawValue)
        writer.put(segment)
        writer.put(queue)
        writer.put(count)
        writer.put(position)
    }

    /// nil at the end of the bytes, or for a kind that this version does not know.
    static func read(_ reader: inout LogReader) -> Settlement? {
        guard let kind = reader.get(UInt32.self).flatMap(Kind.init), let segment = reader.get(UInt32.self),
            let queue = reader.get(UInt32.self), let count = reader.get(UInt32.self), let position = reader.get(UInt64.self)
        else { return nil }
        return Settlement(kind: kind, segment: segment, queue: queue, count: count, position: position)
    }
}

/// Settlements that wait for the next commit. Acknowledgements of neighbours become one, in whatever order they come.
struct PendingSettlements {
    private(set) var items: [Settlement] = []

    var isEmpty: Bool { items.isEmpty }
    var count: Int { items.count }

    @inline(__always)
    mutating func add(_ settlement: Settlement) {
        if !items.isEmpty, items[items.count - 1].extend(by: settlement) { return }
        items.append(settlement)
    }

    /// Takes everything out, neighbours joined. Sorting keeps several consumers, each with every other message of a queue,
    /// from writing one settlement per message.
    mutating func take() -> [Settlement] {
        defer { items.removeAll(keepingCapacity: items.count < 4096) }
        guard items.count > 1 else { return items }
        items.sort { ($0.kind.rawValue, $0.segment, $0.queue, $0.position) < ($1.kind.rawValue, $1.segment, $1.queue, $1.position) }
        var joined: [Settlement] = []
        for item in items {
            if !joined.isEmpty, joined[joined.count - 1].extend(by: item) { continue }
            joined.append(item)
        }
        return joined
    }
}
