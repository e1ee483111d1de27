/// The slots of one segment that are not settled: a bit each, 64 neighbouring positions of a queue to a word.
///
/// A hash table with open addressing and linear probing. Positions of a queue are nearly contiguous within a segment, so a
/// million messages take about a megabyte of memory, whatever their size.
package struct SlotSet {
    private struct Entry {
        var chunk: UInt64
        var queue: UInt32
        /// 0: the entry is free.
        var word: UInt64
    }

    private var entries: ContiguousArray<Entry> = []
    private var used = 0
    /// How many slots are in the set.
    package private(set) var count = 0

    package init() {}

    package var isEmpty: Bool { count == 0 }

    package func contains(_ queue: UInt32, _ position: UInt64) -> Bool {
        guard let index = find(queue, position >> 6) else { return false }
        return entries[index].word & Self.bit(position) != 0
    }

    /// Returns false if it was there.
    @discardableResult
    package mutating func insert(_ queue: UInt32, _ position: UInt64) -> Bool {
        insertBits(queue, position >> 6, Self.bit(position)) == 1
    }

    /// Adds `length` slots from `position` on.
    package mutating func insert(_ queue: UInt32, _ position: UInt64, length: UInt32) {
        var next = position
        var left = UInt64(length)
        while left > 0 {
            let inWord = min(64 - (next & 63), left)
            let mask = (inWord == 64 ? UInt64.max : (1 << inWord) - 1) << (next & 63)
            insertBits(queue, next >> 6, mask)
            next &+= inWord
            left -= inWord
        }
    }

    /// Returns false if it was not there.
    @discardableResult
    package mutating func remove(_ queue: UInt32, _ position: UInt64) -> Bool {
        let bit = Self.bit(position)
        guard let index = find(queue, position >> 6), entries[index].word & bit != 0 else { return false }
        entries[index].word &= ~bit
        count -= 1
        if entries[index].word == 0 { close(index) }
        return true
    }

    /// The positions of a queue up to and including `last`, in no particular order.
    package func positions(of queue: UInt32, through last: UInt64) -> [UInt64] {
        var found: [UInt64] = []
        for entry in entries where entry.word != 0 && entry.queue == queue {
            for bit in 0..<UInt64(64) where entry.word & (1 << bit) != 0 && entry.chunk << 6 | bit <= last {
                found.append(entry.chunk << 6 | bit)
            }
        }
        return found
    }

    /// How many slots of a queue there are up to and including `last`.
    package func count(of queue: UInt32, through last: UInt64) -> Int {
        var sum = 0
        for entry in entries where entry.word != 0 && entry.queue == queue {
            sum += (entry.word & Self.mask(entry.chunk, through: last)).nonzeroBitCount
        }
        return sum
    }

    /// Removes the slots of a queue up to and including `last`.
    package mutating func removeAll(of queue: UInt32, through last: UInt64) {
        for position in positions(of: queue, through: last) { remove(queue, position) }
    }

    // MARK: - The table

    private static func bit(_ position: UInt64) -> UInt64 { 1 << (position & 63) }

    /// The bits of a chunk whose positions are at most `last`.
    private static func mask(_ chunk: UInt64, through last: UInt64) -> UInt64 {
        if chunk < last >> 6 { return .max }
        if chunk > last >> 6 { return 0 }
        return last & 63 == 63 ? .max : (1 << ((last & 63) + 1)) - 1
    }

    @inline(__always)
    private func home(_ queue: UInt32, _ chunk: UInt64) -> Int {
        let mixed = (chunk ^ UInt64(queue) &* 0xD6E8_FEB8_6659_FD93) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: mixed >> 32) & (entries.count - 1)
    }

    @inline(__always)
    private func find(_ queue: UInt32, _ chunk: UInt64) -> Int? {
        guard !entries.isEmpty else { return nil }
        var index = home(queue, chunk)
        while entries[index].word != 0 {
            if entries[index].chunk == chunk && entries[index].queue == queue { return index }
            index = (index + 1) & (entries.count - 1)
        }
        return nil
    }

    /// Returns how many of the bits are new.
    @discardableResult
    private mutating func insertBits(_ queue: UInt32, _ chunk: UInt64, _ bits: UInt64) -> Int {
        if let index = find(queue, chunk) {
            let added = (bits & ~entries[index].word).nonzeroBitCount
            entries[index].word |= bits
            count += added
            return added
        }
        if (used + 1) * 4 > entries.count * 3 { grow() }
        place(Entry(chunk: chunk, queue: queue, word: bits))
        used += 1
        count += bits.nonzeroBitCount
        return bits.nonzeroBitCount
    }

    private mutating func place(_ entry: Entry) {
        var index = home(entry.queue, entry.chunk)
        while entries[index].word != 0 { index = (index + 1) & (entries.count - 1) }
        entries[index] = entry
    }

    private mutating func grow() {
        let old = entries
        entries = ContiguousArray(repeating: Entry(chunk: 0, queue: 0, word: 0), count: max(8, old.count * 2))
        for entry in old where entry.word != 0 { place(entry) }
    }

    /// Frees an entry, and moves up those behind it that would no longer be found.
    private mutating func close(_ freed: Int) {
        let mask = entries.count - 1
        var hole = freed
        var index = (freed + 1) & mask
        while entries[index].word != 0 {
            let start = home(entries[index].queue, entries[index].chunk)
            if (index - start) & mask >= (index - hole) & mask {
                entries[hole] = entries[index]
                entries[index].word = 0
                hole = index
            }
            index = (index + 1) & mask
        }
        used -= 1
        if used == 0 { entries = [] }
    }
}
