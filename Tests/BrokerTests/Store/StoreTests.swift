import Broker
import NIOCore
import Testing

/// A store on a simulated disk, by hand.
private final class Bench {
    let disk = SimulatedStorage()
    let clock = StoreClock()
    let executor = SteppedExecutor()
    var configuration = Sample.configuration()
    private(set) var store: SegmentStore
    private(set) var recovery: SegmentStore.Recovery

    init(_ change: (inout SegmentStoreConfiguration) -> Void = { _ in }) throws {
        change(&configuration)
        (store, recovery) = try SegmentStore.open(disk, executor: executor, time: clock, configuration: configuration)
        executor.drain()
    }

    /// A crash of the machine (or `kill`: of the process), and a start.
    func restart(kill: Bool = false) throws {
        if kill { disk.kill() } else { disk.crash() }
        executor.forget()
        clock.forget()
        (store, recovery) = try SegmentStore.open(disk, executor: executor, time: clock, configuration: configuration)
        executor.drain()
    }

    @discardableResult
    func append(_ number: Int, queue: Int = 1, bytes: Int = 100) -> StoredMessage {
        let stored = store.append(Sample.message(number, bytes: bytes), to: [Sample.slot(queue, number)], persistent: true)
        if first == nil { first = stored }
        last = stored
        return stored
    }

    /// Of what was appended.
    private(set) var first: StoredMessage?
    private(set) var last: StoredMessage?

    func positions(_ queue: Int = 1) -> [Int] {
        (recovery.entries[QueueID(rawValue: UInt32(queue))] ?? []).map { Int($0.slot.position) }
    }

    /// Lets everything happen that is waiting.
    func settle() {
        for _ in 0..<200 {
            store.commit()
            executor.drain()
            clock.advance(100)
        }
    }

    var segments: [String] { disk.names.filter { $0.hasSuffix(".segment") } }
}

@Suite struct StoreTests {
    @Test func bringsBackWhatWasCommitted() throws {
        let bench = try Bench()
        var stored: [StoredMessage] = []
        for number in 1...200 { stored.append(bench.append(number)) }
        bench.store.commit()
        bench.executor.drain()
        bench.store.commit()
        #expect(bench.store.durable == bench.store.appended)
        try bench.restart()
        #expect(bench.positions() == Array(1...200))
        for entry in bench.recovery.entries[QueueID(rawValue: 1)] ?? [] {
            let message = try bench.store.load(entry.stored)
            #expect(Sample.isEqual(message, Sample.message(Int(entry.slot.position), bytes: 100)))
        }
        #expect(bench.recovery.notices.isEmpty)
    }

    /// The keys of `BCC`, which stand in no header. Fails when they are not in the record.
    @Test func keepsBlindKeys() throws {
        let bench = try Bench()
        let plain = Sample.message(1)
        for (number, keys) in [[], ["a"], [String(repeating: "k", count: 255), "", "grün"]].enumerated() {
            let message = Message(
                exchange: "x", routingKey: "k", properties: plain.properties, body: plain.body, attributes: plain.attributes,
                blindKeys: keys)
            _ = bench.store.append(message, to: [Sample.slot(1, number + 1)], persistent: true)
        }
        bench.settle()
        try bench.restart()
        let entries = bench.recovery.entries[QueueID(rawValue: 1)] ?? []
        let messages = try entries.map { try bench.store.load($0.stored) }
        #expect(messages.map(\.blindKeys) == [[], ["a"], [String(repeating: "k", count: 255), "", "grün"]])
        #expect(messages.allSatisfy { $0.body == plain.body && $0.properties == plain.properties })
    }

    /// Fails when every sealed segment stays in the system's cache, or the last ones do not.
    @Test func onlyTheLastSegmentsStayInTheSystemsCache() throws {
        let bench = try Bench { $0.cachedSegments = 3 }
        for number in 1...1_000 {
            bench.append(number)
            bench.store.commit()
            bench.executor.drain()
        }
        let sealed = bench.segments.dropLast(2)
        #expect(sealed.count > 6)
        #expect(bench.disk.dropped == Array(sealed.dropLast(3)))
        #expect(try Sample.isEqual(bench.store.load(#require(bench.first)), Sample.message(1, bytes: 100)))
    }

    /// Fails when a write of records ends within a page. Where an earlier segment's bytes are in the file and not in the system's
    /// cache, each such write would have to read them first.
    @Test func writesWholePages() throws {
        let bench = try Bench()
        for number in 1...500 {
            bench.append(number, bytes: 50 + number % 1_000)
            bench.store.commit()
            bench.executor.drain()
            bench.store.acknowledge(try #require(bench.last), Sample.slot(1, number))
        }
        bench.settle()
        #expect(bench.disk.writesWholePages)
        try bench.restart()
        #expect(bench.positions() == [])
    }

    @Test func confirmsNothingBeforeTheSync() throws {
        let bench = try Bench { $0.commitPlace = .thread }
        bench.append(1)
        bench.store.commit()
        #expect(bench.store.durable == 0)
        var told = 0
        bench.store.onDurable = { told += 1 }
        bench.executor.drain()
        #expect(bench.store.durable == 1 && told == 1)
    }

    /// What is appended while a commit is on its way goes with the next one, which nobody has to ask for.
    @Test func goesOnAfterACommit() throws {
        let bench = try Bench { $0.commitPlace = .thread }
        bench.append(1)
        bench.store.commit()
        bench.append(2)
        bench.store.commit()
        bench.executor.step()
        #expect(bench.store.durable == 1)
        bench.executor.step()
        #expect(bench.store.durable == 2)
    }

    @Test func readsWhatIsNotWritten() throws {
        let bench = try Bench { $0.commitPlace = .thread }
        let first = bench.append(1)
        bench.store.commit()
        let second = bench.append(2)
        #expect(Sample.isEqual(try bench.store.load(first), Sample.message(1, bytes: 100)))
        #expect(Sample.isEqual(try bench.store.load(second), Sample.message(2, bytes: 100)))
        bench.executor.drain()
        #expect(Sample.isEqual(try bench.store.load(first), Sample.message(1, bytes: 100)))
    }

    @Test func syncsAcknowledgementsWithOthersOrSoon() throws {
        let bench = try Bench()
        let stored = bench.append(1)
        bench.store.commit()
        let syncs = bench.disk.syncs
        bench.store.acknowledge(stored, Sample.slot(1, 1))
        bench.store.commit()
        bench.clock.advance(49)
        #expect(bench.disk.syncs == syncs)
        bench.clock.advance(1)
        #expect(bench.disk.syncs > syncs && bench.store.durable == bench.store.appended)
        try bench.restart()
        #expect(bench.positions() == [])
    }

    /// The segment of the acknowledged messages may go before the acknowledgement is written; who waits for it must not wait
    /// for ever. Fails when a commit with nothing to write does not count.
    @Test func countsAcknowledgementsOfSegmentsThatAreGone() throws {
        let bench = try Bench()
        var stored: [StoredMessage] = []
        for number in 1...100 {
            stored.append(bench.append(number, bytes: 300))
            bench.store.commit()
        }
        bench.settle()
        for (index, place) in stored.enumerated() {
            bench.store.acknowledge(place, Sample.slot(1, index + 1))
            if index % 7 == 0 { bench.executor.drain() }
        }
        bench.store.requireCommit()
        for _ in 0..<3 {
            bench.store.commit()
            bench.executor.drain()
        }
        #expect(bench.store.durable == bench.store.appended)
    }

    @Test func writesOneRecordForManyAcknowledgements() throws {
        let bench = try Bench { $0.segmentSize = 1 << 20 }
        let stored = (1...1000).map { bench.append($0) }
        bench.store.commit()
        let before = bench.store.statistics.bytes
        // Two consumers, each with every other message.
        for (index, place) in stored.enumerated() where index % 2 == 0 { bench.store.acknowledge(place, Sample.slot(1, index + 1)) }
        for (index, place) in stored.enumerated() where index % 2 == 1 { bench.store.acknowledge(place, Sample.slot(1, index + 1)) }
        bench.store.requireCommit()
        bench.store.commit()
        #expect(bench.store.statistics.bytes - before <= 64)
    }

    @Test func takesMessagesLargerThanASegment() throws {
        let bench = try Bench()
        bench.append(1)
        bench.append(2, bytes: 100_000)
        bench.append(3)
        bench.settle()
        try bench.restart()
        #expect(bench.positions() == [1, 2, 3])
        let entry = try #require(bench.recovery.entries[QueueID(rawValue: 1)]?[1])
        #expect(Sample.isEqual(try bench.store.load(entry.stored), Sample.message(2, bytes: 100_000)))
    }

    @Test func dropsPagedMessagesAtTheStart() throws {
        let bench = try Bench()
        let stored = bench.store.append(Sample.message(1, persistent: false), to: [Sample.slot(1, 1)], persistent: false)
        bench.append(2)
        bench.store.commit()
        #expect(Sample.isEqual(try bench.store.load(stored), Sample.message(1, persistent: false)))
        try bench.restart()
        #expect(bench.positions() == [2])
    }

    @Test func movesBetweenQueuesInOneRecord() throws {
        let bench = try Bench()
        let stored = bench.append(1)
        bench.store.commit()
        _ = bench.store.transfer(Sample.message(1), from: stored, Sample.slot(1, 1), to: [Sample.slot(2, 1), Sample.slot(3, 1)])
        bench.store.requireCommit()
        bench.store.commit()
        try bench.restart()
        #expect(bench.positions(1) == [] && bench.positions(2) == [1] && bench.positions(3) == [1])
    }

    @Test func purgesWithOneRecordForASegment() throws {
        let bench = try Bench { $0.segmentSize = 1 << 20 }
        let stored = (1...500).map { bench.append($0) }
        let other = bench.append(1, queue: 2)
        bench.store.commit()
        let before = bench.store.statistics.bytes
        bench.store.purge(QueueID(rawValue: 1), through: 499, stored.dropLast())
        bench.store.requireCommit()
        bench.store.commit()
        #expect(bench.store.statistics.bytes - before <= 64)
        try bench.restart()
        #expect(bench.positions(1) == [500] && bench.positions(2) == [1])
        #expect(Sample.isEqual(try bench.store.load(other), Sample.message(1, bytes: 100)))
        #expect(bench.recovery.highestPositions[QueueID(rawValue: 1)] == 500)
    }

    @Test func keepsDeliveryCounts() throws {
        let bench = try Bench()
        let stored = bench.append(1)
        bench.store.recordDeliveryCount(3, of: stored, Sample.slot(1, 1))
        bench.store.commit()
        for _ in 0..<3 {
            try bench.restart()
            #expect(bench.recovery.entries[QueueID(rawValue: 1)]?.first?.deliveryCount == 3)
        }
    }

    // MARK: - Space

    @Test func keepsNoHistory() throws {
        let bench = try Bench()
        for number in 1...2000 {
            let stored = bench.append(number, bytes: 500)
            bench.store.commit()
            bench.executor.drain()
            bench.store.acknowledge(stored, Sample.slot(1, number))
        }
        bench.settle()
        #expect(bench.store.statistics.removed > 50)
        #expect(bench.segments.count <= 2 + bench.configuration.spareSegments)
    }

    /// One stuck message in each of a hundred segments must not keep a hundred files.
    @Test func compactsAroundStuckMessages() throws {
        let bench = try Bench()
        var places: [Int: StoredMessage] = [:]
        bench.store.onRelocated = { slot, stored in places[Int(slot.position)] = stored }
        for number in 1...2000 {
            let stored = bench.append(number, bytes: 500)
            places[number] = stored
            bench.store.commit()
            bench.executor.drain()
            // It may have been moved already.
            if number % 20 != 0, let place = places[number] { bench.store.acknowledge(place, Sample.slot(1, number)) }
        }
        bench.settle()
        #expect(bench.store.statistics.compacted > 10)
        #expect(bench.segments.count < 20)
        let stuck = (1...2000).filter { $0 % 20 == 0 }
        for number in stuck {
            let place = try #require(places[number])
            #expect(Sample.isEqual(try bench.store.load(place), Sample.message(number, bytes: 500)))
        }
        try bench.restart()
        #expect(bench.positions() == stuck)
        for entry in bench.recovery.entries[QueueID(rawValue: 1)] ?? [] { bench.store.acknowledge(entry.stored, entry.slot) }
        bench.settle()
        try bench.restart()
        #expect(bench.positions() == [])
        #expect(bench.segments.count <= 2 + bench.configuration.spareSegments)
    }

    /// Publishers are told before the disk is really full; acknowledgements still find room; nothing confirmed is lost; and it
    /// goes on when there is room again.
    @Test func survivesAFullDisk() throws {
        let bench = try Bench()
        var told: [Bool] = []
        bench.store.onFull = { told.append($0) }
        bench.disk.setFaults { $0.capacity = 10 * (16 << 10) }
        var places: [StoredMessage] = []
        while told.isEmpty {
            places.append(bench.append(places.count + 1, bytes: 500))
            bench.store.commit()
            bench.executor.drain()
        }
        #expect(told == [true] && bench.store.lastSpaceError?.code == .noSpace)
        #expect(bench.store.durable == bench.store.appended, "what came before the warning is safe")
        for (index, stored) in places.dropLast(10).enumerated() { bench.store.acknowledge(stored, Sample.slot(1, index + 1)) }
        bench.settle()
        #expect(told == [true, false], "what was settled gives room")
        bench.disk.setFaults { $0.capacity = 3 * (16 << 10) }
        // Publishers that do not listen: nothing more is confirmed, and nothing is lost.
        for number in 1...200 { bench.append(places.count + number, bytes: 500) }
        bench.settle()
        #expect(bench.store.durable < bench.store.appended && bench.store.failure == nil)
        bench.disk.setFaults { $0.capacity = .max }
        bench.settle()
        #expect(bench.store.durable == bench.store.appended && told.last == false)
        try bench.restart()
        #expect(bench.positions() == Array(places.count - 9...places.count + 200))
    }

    /// Where a write, and not a new segment, finds no room. Fails when only a new segment ends the shortage (`finish`), when nothing
    /// is removed meanwhile, and when a segment that cannot be cleared is not deleted (`SegmentFile.remove`).
    @Test func survivesADiskThatRefusesWrites() throws {
        let bench = try Bench()
        var told: [Bool] = []
        bench.store.onFull = { told.append($0) }
        var places: [StoredMessage] = []
        for number in 1...100 {
            places.append(bench.append(number, bytes: 500))
            bench.store.commit()
            bench.executor.drain()
        }
        let confirmed = bench.store.durable
        let before = bench.segments.count
        bench.disk.setFaults { $0.refusesWrites = true }
        bench.append(101)
        bench.settle()
        // What is taken now makes room, although no byte can be written about it.
        for number in 1...60 { bench.store.acknowledge(places[number - 1], Sample.slot(1, number)) }
        bench.settle()
        #expect(told == [true] && bench.store.durable == confirmed)
        #expect(bench.segments.count < before && bench.store.failure == nil)
        bench.disk.setFaults { $0.refusesWrites = false }
        bench.clock.advance(1000)
        bench.executor.drain()
        #expect(told == [true, false] && bench.store.durable == bench.store.appended)
        try bench.restart()
        #expect(bench.positions() == Array(61...101))
    }

    /// Fails when a message counts as lost because its file was pushed out of those that are open (`step` of compaction).
    @Test func compactionLosesNothingForWantOfDescriptors() throws {
        let bench = try Bench { $0.compactionStep = 1 << 10 }
        var places: [Int: StoredMessage] = [:]
        bench.store.onRelocated = { slot, stored in places[Int(slot.position)] = stored }
        // Sparse segments up to here, and behind them more full ones than files are kept open.
        let sparse = 6000
        for number in 1...8200 {
            places[number] = bench.append(number, bytes: 500)
            bench.store.commit()
            bench.executor.drain()
        }
        for number in 1...sparse where number % 4 != 0 {
            if let place = places[number] { bench.store.acknowledge(place, Sample.slot(1, number)) }
        }
        for round in 1...200 {
            bench.append(8200 + 2 * round - 1, bytes: 500)
            bench.store.commit()
            bench.executor.drain()
            for number in stride(from: sparse + 1, through: 8200, by: 20) {
                _ = try bench.store.load(try #require(places[number]))
            }
            bench.disk.setFaults { $0.refusesToOpen = true }
            // Somebody waits for this commit, so compaction takes a step.
            bench.append(8200 + 2 * round, bytes: 500)
            bench.store.commit()
            bench.disk.setFaults { $0.refusesToOpen = false }
            bench.executor.drain()
            bench.clock.advance(1)
        }
        #expect(bench.store.statistics.compacted > 0 && bench.store.statistics.quarantined == 0)
        bench.settle()
        try bench.restart()
        #expect(bench.positions() == (1...8600).filter { $0 > sparse || $0 % 4 == 0 })
    }

    @Test func mindsTheFreeSpaceLimit() throws {
        let bench = try Bench { $0.freeSpaceLimit = 1 << 20 }
        var isFull = false
        bench.store.onFull = { isFull = $0 }
        bench.disk.setFaults { $0.capacity = 1 << 20 }
        for number in 1...100 {
            bench.append(number, bytes: 500)
            bench.store.commit()
            bench.executor.drain()
        }
        #expect(isFull)
        bench.disk.setFaults { $0.capacity = 8 << 20 }
        bench.clock.advance(1000)
        bench.executor.drain()
        #expect(!isFull)
    }

    // MARK: - Failure

    /// Fails when a failed sync is tried again: the second one succeeds on this disk, as it does on Linux.
    @Test func stopsAtAFailedSync() throws {
        let bench = try Bench()
        bench.append(1)
        bench.store.commit()
        var failures: [StoreError] = []
        bench.store.onFailure = { failures.append($0) }
        bench.disk.setFaults { $0.syncsUntilError = 0 }
        bench.append(2)
        bench.store.commit()
        bench.append(3)
        bench.settle()
        #expect(failures.count == 1 && failures.first?.code == .inputOutput)
        #expect(bench.store.durable == 1)
        try bench.restart()
        #expect(bench.positions() == [1])
    }

    /// Two starts with a torn tail between them: what was appended after the first must be there after the second.
    @Test func cutsATornTailForGood() throws {
        for seed in 0..<50 {
            let bench = try Bench()
            bench.append(1)
            bench.store.commit()
            let name = try #require(bench.segments.first)
            let bytes = try #require(bench.disk.contents(name))
            // A record that was only half written.
            bench.append(2, bytes: 3000)
            bench.store.commit()
            var torn = try #require(bench.disk.contents(name))
            let end = bytes.indices.last { bytes[$0] != 0 } ?? 0
            for index in end + 60 * (seed + 1)..<torn.count { torn[index] = 0 }
            bench.disk.setContents(name, torn)
            try bench.restart()
            #expect(bench.positions() == [1])
            bench.append(3)
            bench.store.commit()
            for _ in 0..<3 {
                try bench.restart()
                #expect(bench.positions() == [1, 3])
                #expect(bench.recovery.notices.isEmpty)
            }
        }
    }

    @Test func refusesALaterFormat() throws {
        let bench = try Bench()
        bench.append(1)
        bench.store.commit()
        let name = try #require(bench.segments.first)
        var bytes = try #require(bench.disk.contents(name))
        for copy in [0, 2048] {
            bytes[copy + 8] = 2
            let checksum = bytes[copy..<copy + 60].withUnsafeBytes { Checksum.crc32c($0) }
            for shift in 0..<4 { bytes[copy + 60 + shift] = UInt8(truncatingIfNeeded: checksum >> (8 * UInt32(shift))) }
        }
        bench.disk.setContents(name, bytes)
        #expect { try bench.restart() } throws: { ($0 as? StoreError)?.code == .unknownFormat }
    }

    @Test func leavesNothingOpenWhenClosed() throws {
        let bench = try Bench { $0.commitPlace = .thread }
        for number in 1...50 { bench.append(number) }
        bench.store.close()
        try bench.restart()
        #expect(bench.positions() == Array(1...50))
    }

    /// A start after an orderly end finds an index, or nothing at all, in every file, and reads none as a whole. After a crash it must.
    @Test(arguments: [0, 1, 50]) func leavesNothingToScanWhenClosed(count: Int) throws {
        let bench = try Bench()
        for number in 0..<count { bench.append(number) }
        bench.settle()
        bench.disk.largestRead = 0
        try bench.restart(kill: true)
        #expect(bench.disk.largestRead >= bench.configuration.segmentSize)
        bench.store.close()
        bench.disk.largestRead = 0
        try bench.restart(kill: true)
        #expect(bench.disk.largestRead < bench.configuration.segmentSize / 2)
        #expect(bench.positions() == Array(0..<count))
        #expect(bench.recovery.notices.isEmpty)
    }

    /// A spare file counts as written from end to end, which makes syncs cheap, and a sync of one that is not would be dear. Fails when
    /// a file that was made ahead and never written to is kept as a spare, and when one that was written is not.
    @Test func onlyWhatWasWrittenIsKeptAsASpare() throws {
        let bench = try Bench()
        bench.settle()
        #expect(!bench.segments.isEmpty)
        bench.store.close()
        #expect(bench.segments.isEmpty)
        try bench.restart(kill: true)

        // What is emptied becomes spare, and the next that is made ahead is made of it.
        let count = 3 * bench.configuration.segmentSize / 100
        let stored = (0..<count).map { bench.append($0) }
        bench.settle()
        for (number, place) in stored.enumerated() { bench.store.acknowledge(place, Sample.slot(1, number)) }
        bench.settle()
        let before = bench.segments.max()
        var more = 0
        while bench.segments.max() == before {
            bench.append(count + more)
            bench.settle()
            more += 1
        }
        let ahead = try #require(bench.segments.max())
        #expect(!isUnused(ahead, bench))
        bench.store.close()
        #expect(isUnused(ahead, bench))
        try bench.restart(kill: true)
        #expect(bench.positions() == Array(count..<(count + more)))
    }

    /// Whether a file is there that holds nothing.
    private func isUnused(_ name: String, _ bench: Bench) -> Bool {
        bench.disk.contents(name).map { $0.prefix(16).allSatisfy { $0 == 0 } } ?? false
    }
}
