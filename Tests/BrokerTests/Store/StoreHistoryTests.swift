import Broker
import Testing

/// Thousands of histories with crashes; see `StoreHistory` for what is checked.
@Suite struct StoreHistoryTests {
    /// Each of these guards was taken out once, and then it failed: the sync of a commit; the sync between a segment's records
    /// and its index; the wait of a segment for those that need its settlements; its wait for the records that moved a message
    /// elsewhere; that a settlement of another segment is counted at all, and that compaction carries it on; that a relocated
    /// message settles its original; the segment's tag in the checksums; the sync of the folder after a file was made and after
    /// one was removed; the sync that makes a file free before it is used again; that a torn segment is sealed, and cut, at
    /// the next start; that what is not written yet is not counted as durable when a segment is full.
    @Test(arguments: 0..<8) func survivesCrashes(_ part: Int) throws {
        for seed in 0..<500 {
            let history = StoreHistory(seed: UInt64(part * 500 + seed))
            let violation = try history.run(operations: 500)
            #expect(violation == nil)
            if violation != nil { return }
        }
    }

    /// A disk that says it has synced and has not must be noticed, or the histories would prove nothing.
    @Test func noticesALyingDisk() throws {
        let found = try (0..<20).contains { try StoreHistory(seed: UInt64($0), lying: true).run(operations: 500) != nil }
        #expect(found)
    }

    /// The same seed is the same history, to the last operation on the disk.
    @Test func replaysExactly() throws {
        let runs = try (0..<2).map { _ in
            let history = StoreHistory(seed: 4711)
            _ = try history.run(operations: 500)
            return [history.disk.operations, history.disk.syncs, history.starts, history.nextNumber]
        }
        #expect(runs[0] == runs[1])
    }
}
