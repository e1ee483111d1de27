import Broker
import Testing

/// What a bad disk, or a person, can do to the files: a bit or the end of a file, at every place.
@Suite struct DamageTests {
    /// A few sealed segments and an open one, with acknowledged messages among the others.
    private struct Folder {
        let files: [String: [UInt8]]
        let live: Set<Int>
        let settled: Set<Int>

        init() throws {
            let disk = SimulatedStorage()
            let clock = StoreClock()
            let configuration = Sample.configuration(segmentSize: 8 << 10)
            let (store, _) = try SegmentStore.open(
                disk, executor: ImmediateExecutor(), time: clock, configuration: configuration)
            var stored: [StoredMessage] = []
            for number in 1...22 {
                stored.append(store.append(Sample.message(number, bytes: 200), to: [Sample.slot(1, number)], persistent: true))
                store.commit()
            }
            for number in [2, 3, 9, 21] { store.acknowledge(stored[number - 1], Sample.slot(1, number)) }
            store.requireCommit()
            store.commit()
            var files: [String: [UInt8]] = [:]
            for name in disk.names where !(disk.contents(name) ?? []).dropFirst(4096).allSatisfy({ $0 == 0 }) {
                files[name] = disk.contents(name)
            }
            self.files = files
            settled = [2, 3, 9, 21]
            live = Set(1...22).subtracting(settled)
        }
    }

    private struct Outcome {
        var readable: Set<Int> = []
        var unreadable: Set<Int> = []
        var notices: [StoreNotice] = []
    }

    /// Starts a store on the files, reads everything, lets it set aside what it wants to, and starts it again.
    private func open(_ files: [String: [UInt8]]) throws -> Outcome {
        let disk = SimulatedStorage()
        for (name, bytes) in files { disk.setContents(name, bytes) }
        var outcome = Outcome()
        for _ in 0..<2 {
            outcome.readable = []
            let clock = StoreClock()
            let (store, recovery) = try SegmentStore.open(
                disk, executor: ImmediateExecutor(), time: clock, configuration: Sample.configuration(seed: 9, segmentSize: 8 << 10))
            outcome.notices += recovery.notices
            var places: [Int: StoredMessage] = [:]
            for entry in recovery.entries[QueueID(rawValue: 1)] ?? [] { places[Int(entry.slot.position)] = entry.stored }
            store.onRelocated = { places[Int($0.position)] = $1 }
            store.onNotice = { outcome.notices.append($0) }
            store.requireCommit()
            store.commit()
            clock.advance(100)
            for (number, place) in places {
                do throws(StoreError) {
                    let message = try store.load(place)
                    #expect(Sample.isEqual(message, Sample.message(number, bytes: 200)), "\(number) has the wrong content")
                    outcome.readable.insert(number)
                } catch { outcome.unreadable.insert(number) }
            }
            for _ in 0..<5 {
                store.requireCommit()
                store.commit()
                clock.advance(100)
            }
            disk.crash()
        }
        return outcome
    }

    @Test func isWholeToBeginWith() throws {
        let folder = try Folder()
        #expect(folder.files.count >= 2)
        let outcome = try open(folder.files)
        #expect(outcome.readable == folder.live && outcome.unreadable.isEmpty && outcome.notices.isEmpty)
    }

    /// Never a crash, never a wrong byte, and no more than the one message is lost that was hit. Fails when the checksum of a
    /// record, or that of an index, is not looked at.
    @Test(arguments: [0, 7]) func survivesAFlippedBitAnywhere(_ bit: Int) throws {
        let folder = try Folder()
        for (name, bytes) in folder.files {
            for offset in bytes.indices {
                var files = folder.files
                files[name]?[offset] ^= 1 << bit
                let outcome = try open(files)
                let lost = folder.live.subtracting(outcome.readable)
                guard lost.count <= 1, outcome.readable.subtracting(folder.live).isSubset(of: folder.settled) else {
                    Issue.record("bit \(bit) of \(name) at \(offset): lost \(lost), have \(outcome.readable)")
                    return
                }
            }
        }
    }

    /// What stood before the cut, and in other files, is there.
    @Test func survivesTruncationAnywhere() throws {
        let folder = try Folder()
        for (name, bytes) in folder.files {
            var last: Set<Int> = []
            for size in bytes.indices {
                var files = folder.files
                files[name] = Array(bytes[..<size])
                let outcome = try open(files)
                guard outcome.unreadable.isEmpty, outcome.readable.isSubset(of: folder.live.union(folder.settled)),
                    outcome.readable.union(folder.settled).isSuperset(of: last.subtracting(folder.settled))
                else {
                    Issue.record("\(name) cut at \(size): have \(outcome.readable), unreadable \(outcome.unreadable)")
                    return
                }
                last = outcome.readable
            }
        }
    }

    @Test func survivesMissingAndRenamedFiles() throws {
        let folder = try Folder()
        for name in folder.files.keys {
            var files = folder.files
            let bytes = files.removeValue(forKey: name)
            #expect(try open(files).readable.isSubset(of: folder.live.union(folder.settled)))
            files["0000009999.segment"] = bytes
            #expect(try open(files).readable == folder.live, "a renamed file is found by what it says itself")
            files["0000009999.segment"] = nil
            files["something else"] = bytes
            _ = try open(files)
        }
        var files = folder.files
        files["0000000777.segment"] = [1, 2, 3]
        files["0000000778.segment"] = []
        files["99999999999999.segment"] = [1]
        files["0000000003.segment.damaged"] = [1]
        #expect(try open(files).readable == folder.live)
    }

    /// A damaged file is kept under another name, and only what was hit is lost.
    @Test func setsDamagedFilesAside() throws {
        let disk = SimulatedStorage()
        let folder = try Folder()
        for (name, bytes) in folder.files { disk.setContents(name, bytes) }
        let name = try #require(folder.files.keys.min())
        var bytes = try #require(folder.files[name])
        bytes[4096 + 100] ^= 1
        disk.setContents(name, bytes)
        let (store, recovery) = try SegmentStore.open(
            disk, executor: ImmediateExecutor(), time: StoreClock(), configuration: Sample.configuration(seed: 9, segmentSize: 8 << 10))
        var notices: [StoreNotice] = []
        store.onNotice = { notices.append($0) }
        let first = try #require(recovery.entries[QueueID(rawValue: 1)]?.first)
        #expect { try store.load(first.stored) } throws: { ($0 as? StoreError)?.code == .corrupt }
        store.acknowledge(first.stored, first.slot)
        for _ in 0..<20 {
            store.requireCommit()
            store.commit()
        }
        #expect(disk.names.contains(name + ".damaged") && !disk.names.contains(name))
        #expect(store.statistics.quarantined == 1)
        #expect(notices.count == 2)
    }
}
