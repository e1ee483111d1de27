/// A run of entries of one queue, in order of position.
///
/// A full run whose messages are all on disk is packed to 24 bytes an entry, so that a queue of a million small
/// messages costs 24 MB and not 56.
final class EntryChunk {
    static let capacity = 128

    private var entries: ContiguousArray<QueueEntry> = []
    private var packed: PackedEntries?
    private var head = 0
    /// Whether any entry still holds its message.
    private var holdsMessages = false

    init() { entries.reserveCapacity(Self.capacity) }

    var count: Int { (packed?.count ?? entries.count) - head }
    var isFull: Bool { packed != nil || entries.count == Self.capacity }
    var isPacked: Bool { packed != nil }

    func append(_ entry: QueueEntry) {
        if entry.message != nil { holdsMessages = true }
        entries.append(entry)
    }

    /// Shrinks the run if it can; called once it is full and no longer the head of its queue.
    func pack() {
        guard packed == nil, head == 0, !holdsMessages, let packed = PackedEntries(entries) else { return }
        self.packed = packed
        entries = []
    }

    /// The first entry. The run must not be empty.
    var first: QueueEntry {
        unpack()
        return entries[head]
    }

    /// Takes the first entry out. The run must not be empty.
    func removeFirst() -> QueueEntry {
        unpack()
        let entry = entries[head]
        if holdsMessages { entries[head].message = nil }
        head += 1
        return entry
    }

    /// Makes an emptied run ready to be filled again.
    func reset() {
        entries.removeAll(keepingCapacity: true)
        packed = nil
        head = 0
        holdsMessages = false
    }

    /// The position of the last entry. The run must not be empty.
    var lastPosition: UInt64 { packed?.lastPosition ?? entries[entries.count - 1].position }

    /// Points an entry to the new place of its record; false when it is not in the run.
    func relocate(_ position: UInt64, to stored: StoredMessage) -> Bool {
        if packed != nil { return packed?.relocate(position, to: stored) ?? false }
        guard let index = entries.index(of: position, from: head) else { return false }
        entries[index].stored = stored
        return true
    }

    func visit(_ body: (QueueEntry) -> Void) {
        if let packed {
            for index in 0..<packed.count { body(packed[index]) }
        } else {
            for index in head..<entries.count { body(entries[index]) }
        }
    }

    private func unpack() {
        guard let packed else { return }
        entries.reserveCapacity(Self.capacity)
        for index in 0..<packed.count { entries.append(packed[index]) }
        self.packed = nil
    }
}

extension RandomAccessCollection where Element == QueueEntry, Index == Int {
    /// The index of the entry at a position, by halving; the elements are in order of position.
    func index(of position: UInt64, from start: Int? = nil) -> Int? {
        let index = insertionIndex(of: position, from: start)
        return index < endIndex && self[index].position == position ? index : nil
    }

    /// The index of the first entry at or behind a position.
    func insertionIndex(of position: UInt64, from start: Int? = nil) -> Int {
        var low = start ?? startIndex
        var high = endIndex
        while low < high {
            let middle = low + (high - low) / 2
            if self[middle].position < position { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
