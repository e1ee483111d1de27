internal import DequeModule

/// Messages of one queue and priority that wait for a consumer, in order of position.
///
/// New ones go to the end in runs of 128; those that came back stand in a small deque of their own, since they belong
/// before nearly all others. The first of both is the head.
struct ReadyList {
    private var chunks: Deque<EntryChunk> = []
    private var returned: Deque<QueueEntry> = []
    private var spare: EntryChunk?
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// Adds a message behind all others. Its position must be the highest so far.
    mutating func append(_ entry: QueueEntry) {
        count += 1
        if let last = chunks.last, !last.isFull {
            last.append(entry)
        } else {
            if chunks.count > 1, let last = chunks.last { last.pack() }
            let chunk = spare ?? EntryChunk()
            spare = nil
            chunk.append(entry)
            chunks.append(chunk)
        }
    }

    /// Puts a message back where its position says.
    mutating func restore(_ entry: QueueEntry) {
        count += 1
        if let last = returned.last, last.position > entry.position {
            returned.insert(entry, at: returned.insertionIndex(of: entry.position))
        } else {
            returned.append(entry)
        }
    }

    var first: QueueEntry? {
        guard count > 0 else { return nil }
        guard let back = returned.first else { return chunks.first?.first }
        guard let front = chunks.first, front.count > 0 else { return back }
        let entry = front.first
        return entry.position < back.position ? entry : back
    }

    /// Takes the head out. The list must not be empty.
    mutating func removeFirst() -> QueueEntry {
        count -= 1
        if let back = returned.first {
            guard let front = chunks.first, front.count > 0, front.first.position < back.position else {
                return returned.removeFirst()
            }
        }
        let chunk = chunks[0]
        let entry = chunk.removeFirst()
        if chunk.count == 0 { retire(chunk) }
        return entry
    }

    private mutating func retire(_ chunk: EntryChunk) {
        chunk.reset()
        guard chunks.count > 1 else { return }
        chunks.removeFirst()
        spare = chunk
    }

    mutating func removeAll() {
        self = ReadyList()
    }

    /// Calls in no particular order.
    func visit(_ body: (QueueEntry) -> Void) {
        for entry in returned { body(entry) }
        for chunk in chunks { chunk.visit(body) }
    }

    /// Points an entry to the new place of its record; false when it does not wait here.
    mutating func relocate(_ position: UInt64, to stored: StoredMessage) -> Bool {
        if let index = returned.index(of: position) {
            returned[index].stored = stored
            return true
        }
        var low = 0
        var high = chunks.count
        while low < high {
            let middle = low + (high - low) / 2
            let chunk = chunks[middle]
            if chunk.count == 0 || chunk.lastPosition < position { low = middle + 1 } else { high = middle }
        }
        return low < chunks.count && chunks[low].relocate(position, to: stored)
    }
}
