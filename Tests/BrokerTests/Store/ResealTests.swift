import Broker
import Testing

/// What a start reads may stand in the system's memory alone: after a failed sync the system takes it for written, and never
/// writes it again by itself.
@Suite struct ResealTests {
    private static func open(_ disk: SimulatedStorage) throws -> (SegmentStore, SegmentStore.Recovery) {
        try SegmentStore.open(disk, executor: ImmediateExecutor(), time: StoreClock(), configuration: Sample.configuration())
    }

    /// A process whose sync has failed is started again, sealing what it finds, and the power fails at every operation of that.
    /// What the next start lists can be read: no index stands there for records that do not. Fails when the first of the two
    /// syncs of `SegmentRecovery.seal` is taken out (the index may reach the disk alone), and when the records are not written
    /// again (they never do).
    @Test(arguments: 0..<4) func sealsOnlyWhatIsOnDisk(_ part: Int) throws {
        for seed in part * 3..<part * 3 + 3 {
            for operations in 1..<24 {
                let disk = SimulatedStorage(seed: UInt64(seed))
                try failAfter(confirmed: 10, lost: 10, on: disk)
                disk.kill()
                disk.setFaults { $0.operationsLeft = operations }
                _ = try? Self.open(disk)
                disk.crash()
                let (store, recovery) = try Self.open(disk)
                for notice in recovery.notices {
                    if case .damaged = notice { Issue.record("seed \(seed), \(operations) operations: \(notice)") }
                }
                let entries = recovery.entries[QueueID(rawValue: 1)] ?? []
                #expect(entries.prefix(10).map { Int($0.slot.position) } == Array(1...10))
                for entry in entries {
                    let message = try? store.load(entry.stored)
                    let number = Int(entry.slot.position)
                    let isRight = message.map { Sample.isEqual($0, Sample.message(number, bytes: 300)) } ?? false
                    guard isRight else {
                        Issue.record("seed \(seed), \(operations) operations: message \(number) is listed and not there")
                        return
                    }
                }
            }
        }
    }

    private func failAfter(confirmed: Int, lost: Int, on disk: SimulatedStorage) throws {
        let (store, _) = try Self.open(disk)
        for number in 1...confirmed + lost {
            if number == confirmed + 1 {
                store.commit()
                #expect(store.durable == store.appended)
                disk.setFaults { $0.syncsUntilError = 0 }
            }
            _ = store.append(Sample.message(number, bytes: 300), to: [Sample.slot(1, number)], persistent: true)
        }
        store.commit()
        #expect(store.failure != nil)
    }
}
