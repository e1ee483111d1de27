import Broker
import Testing

@Suite struct DefinitionJournalTests {
    private let queue = QueueDefinition(
        id: QueueID(rawValue: 5), name: "q",
        arguments: [
            "a": .table(["b": .array([.bool(true), .int8(-1), .uint8(1), .int16(-2), .uint16(2), .int32(-3), .uint32(3)])]),
            "c": .int64(-4), "d": .float(1.5), "e": .double(2.5), "f": .decimal(scale: 2, value: 314), "g": .string("text"),
            "h": .bytes([1, 2]), "i": .timestamp(1), "j": .void,
        ])

    private var all: [DefinitionChange] {
        [
            .putVirtualHost(name: "/"), .putVirtualHost(name: "other"),
            .putExchange(host: "/", ExchangeDefinition(name: "x", type: "topic", arguments: ["alternate-exchange": .string("y")])),
            .putQueue(host: "/", queue),
            .putBinding(host: "/", BindingDefinition(source: "x", destination: "q", routingKey: "a.#", arguments: ["k": .int32(1)])),
            .putUser(UserDefinition(name: "guest", passwordHash: "hash", tags: ["administrator", "monitoring"])),
            .putPermission(PermissionDefinition(user: "guest", host: "/", configure: ".*", write: ".*", read: "")),
        ]
    }

    private func reopened(_ disk: SimulatedStorage) throws -> DefinitionJournal {
        disk.crash()
        return try DefinitionJournal(disk)
    }

    @Test func bringsEverythingBack() throws {
        let disk = SimulatedStorage()
        let journal = try DefinitionJournal(disk)
        #expect(journal.changes.isEmpty && journal.highestQueueID == 0)
        for change in all { try journal.record(change) }
        for _ in 0..<3 {
            let again = try reopened(disk)
            #expect(again.changes == all && again.highestQueueID == 5)
        }
    }

    @Test func forgetsWhatWasRemovedWithAllThatHungOnIt() throws {
        let disk = SimulatedStorage()
        let journal = try DefinitionJournal(disk)
        for change in all { try journal.record(change) }
        try journal.record(.removeQueue(host: "/", name: "q"))
        #expect(
            try reopened(disk).changes
                == all.filter { if case .putQueue = $0 { false } else if case .putBinding = $0 { false } else { true } })
        #expect(try reopened(disk).highestQueueID == 5, "an id is never given twice")
        let second = try reopened(disk)
        try second.record(.removeVirtualHost(name: "/"))
        try second.record(.removeUser(name: "guest"))
        #expect(try reopened(disk).changes == [.putVirtualHost(name: "other")])
    }

    /// Fails when the fold keeps it.
    @Test func aPermissionWithoutItsUserIsGivenToNobodyLater() throws {
        let disk = SimulatedStorage()
        try DefinitionJournal(disk).record(
            .putPermission(PermissionDefinition(user: "late", host: "/", configure: "", write: "", read: ".*")))
        let again = try reopened(disk)
        #expect(again.changes.isEmpty)
        let user = DefinitionChange.putUser(UserDefinition(name: "late", passwordHash: "hash", tags: []))
        try again.record(user)
        #expect(try reopened(disk).changes == [user])
    }

    /// Fails when the file that takes the place of its history leaves out a permission that is there before its user.
    @Test func aUserMayFollowItsPermissionsWhileTheHistoryIsDropped() throws {
        let pattern = String(repeating: "x", count: 900)
        // The history is dropped behind one record or the next.
        for before in 0..<2 {
            let disk = SimulatedStorage()
            let journal = try DefinitionJournal(disk)
            for number in 0..<before { try journal.record(.putVirtualHost(name: "\(number)")) }
            for number in 0..<1_000 {
                let name = "user \(number)"
                try journal.record(.putPermission(PermissionDefinition(user: name, host: "/", configure: "", write: "", read: pattern)))
                try journal.record(.putUser(UserDefinition(name: name, passwordHash: pattern, tags: [])))
            }
            #expect(try reopened(disk).changes.count == before + 2_000)
        }
    }

    @Test func doesNotGrowWithItsHistory() throws {
        let disk = SimulatedStorage()
        let journal = try DefinitionJournal(disk)
        for change in all { try journal.record(change) }
        for number in 0..<20_000 {
            let exchange = ExchangeDefinition(name: "temporary \(number)", type: "fanout")
            try journal.record(.putExchange(host: "/", exchange))
            try journal.record(.removeExchange(host: "/", name: exchange.name))
        }
        #expect(disk.used < 1 << 20)
        #expect(try reopened(disk).changes == all)
    }

    /// Fails when the sync of a record, or that of the new file before it takes the old one's place, is taken out.
    ///
    /// Seeded histories with crashes: what `record` returned from is there, what it did not may be.
    @Test func survivesCrashes() throws {
        for seed in 0..<300 {
            let disk = SimulatedStorage(seed: UInt64(seed))
            var random = SeededGenerator(seed: UInt64(seed))
            var recorded: [String] = []
            var doubtful: String?
            for round in 0..<10 {
                guard let journal = try? DefinitionJournal(disk) else {
                    disk.crash()
                    continue
                }
                let found = journal.changes.compactMap { if case .putVirtualHost(let name) = $0 { name } else { nil } }
                #expect(found == recorded || found == recorded + [doubtful ?? ""])
                recorded = found
                doubtful = nil
                let limit = Int.random(in: 0..<60, using: &random)
                disk.setFaults { $0.operationsLeft = limit }
                for number in 0..<20 {
                    do {
                        try journal.record(.putVirtualHost(name: "\(round) \(number)"))
                        recorded.append("\(round) \(number)")
                    } catch {
                        doubtful = "\(round) \(number)"
                        break
                    }
                }
                disk.crash()
            }
        }
    }

    /// No bit and no cut makes it crash; it opens with what is left, or says why it does not.
    @Test func survivesDamageAnywhere() throws {
        let disk = SimulatedStorage()
        let journal = try DefinitionJournal(disk)
        for change in all { try journal.record(change) }
        let bytes = try #require(disk.contents("definitions"))
        let end = (bytes.lastIndex { $0 != 0 } ?? 0) + 1
        for offset in 0..<end {
            for variant in [flipped(bytes, offset), Array(bytes[..<offset])] {
                let other = SimulatedStorage()
                other.setContents("definitions", variant)
                guard let journal = try? DefinitionJournal(other) else { continue }
                #expect(journal.changes.allSatisfy { all.contains($0) })
                // With a user go its permissions.
                let missing = journal.changes.contains { if case .putUser = $0 { true } else { false } } ? 1 : 2
                #expect(journal.changes.count >= all.count - missing || variant.count < bytes.count)
                if journal.wasDamaged { #expect(other.contents("definitions.damaged") == variant) }
            }
        }
    }

    private func flipped(_ bytes: [UInt8], _ offset: Int) -> [UInt8] {
        var bytes = bytes
        bytes[offset] ^= 1 << UInt8(offset % 8)
        return bytes
    }

    @Test func stopsAtAFailedSync() throws {
        let disk = SimulatedStorage()
        let journal = try DefinitionJournal(disk)
        disk.setFaults { $0.syncsUntilError = 0 }
        #expect(throws: StoreError.self) { try journal.record(.putVirtualHost(name: "a")) }
        #expect(throws: StoreError.self) { try journal.record(.putVirtualHost(name: "b")) }
        #expect(try reopened(disk).changes == [])
    }

    @Test func goesOnAfterAFullDisk() throws {
        let disk = SimulatedStorage()
        let journal = try DefinitionJournal(disk)
        disk.setFaults { $0.capacity = 0 }
        #expect { try journal.record(.putVirtualHost(name: "a")) } throws: { ($0 as? StoreError)?.code == .noSpace }
        disk.setFaults { $0.capacity = .max }
        try journal.record(.putVirtualHost(name: "b"))
        #expect(try reopened(disk).changes == [.putVirtualHost(name: "b")])
    }

    /// Segments without definitions would be messages that belong to nobody.
    @Test func refusesMessagesWithoutDefinitions() throws {
        let disk = SimulatedStorage()
        disk.setContents("0000000001.segment", [1])
        #expect {
            _ = try DataFolder.open(disk, executor: ImmediateExecutor(), time: StoreClock())
        } throws: { ($0 as? StoreError)?.code == .corrupt }
    }
}
