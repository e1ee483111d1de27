/// Which segment to compact next, if any.
///
/// A queue that is read in order empties its segments by itself, and copying what will be gone in a moment is work for
/// nothing. So there must be more settled bytes than live ones, and more than a fixed slack, before anything is copied; and
/// then what holds least. Each round frees at least half a file, so it ends.
package struct CompactionPolicy {
    package struct Candidate: Equatable {
        package var number: UInt32
        /// Bytes of the file.
        package var capacity: Int
        /// Bytes that would be copied.
        package var keeps: Int
        package var isDamaged: Bool

        package init(number: UInt32, capacity: Int, keeps: Int, isDamaged: Bool = false) {
            self.number = number
            self.capacity = capacity
            self.keeps = keeps
            self.isDamaged = isDamaged
        }
    }

    /// Bytes of settled records that may lie about.
    package var slack: Int
    /// Bytes of an ordinary segment.
    package var segmentSize: Int
    /// Bytes that may be copied at all: what is left of a full disk.
    package var room: Int

    /// Files of less than a quarter of a segment, as restarts leave them, are put together when there are more than these.
    package static let smallFiles = 16

    package init(slack: Int, segmentSize: Int, room: Int = .max) {
        self.slack = slack
        self.segmentSize = segmentSize
        self.room = room
    }

    package func choose(_ candidates: [Candidate]) -> UInt32? {
        let affordable = candidates.filter { $0.keeps <= room }
        if let damaged = affordable.first(where: { $0.isDamaged }) { return damaged.number }
        let capacity = candidates.reduce(0) { $0 + $1.capacity }
        let keeps = candidates.reduce(0) { $0 + $1.keeps }
        if capacity - keeps > max(slack, keeps) {
            let sparse = affordable.filter { $0.keeps <= $0.capacity / 2 }
            if let best = sparse.min(by: { $0.keeps * $1.capacity < $1.keeps * $0.capacity }) { return best.number }
        }
        let small = candidates.filter { $0.capacity < segmentSize / 4 }
        guard small.count > Self.smallFiles else { return nil }
        return small.filter { $0.keeps <= room }.min { $0.number < $1.number }?.number
    }
}
