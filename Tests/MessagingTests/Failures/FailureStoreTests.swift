import Contracts
import Messaging
import Postgres
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite(.timeLimit(.minutes(4)))
struct FailureStoreTests {
    /// Parks messages 0, 10, 20 … of keys k0, k1, k2 …, each with two successors, then hands over.
    private func withFailures(
        _ count: Int, _ body: (Rig, FailureStore, Box<Bool>, [Envelope]) async throws -> Void
    ) async throws {
        try await Rig.with { rig in
            let isBroken = Box(true)
            let handlers = rig.recording { envelope, _ in
                guard envelope.value % 10 == 0, isBroken.value, envelope.extensions["mended"] == nil else { return }
                if envelope.value % 20 == 0 { throw Permanent("even") } else { throw Permanent(TestFailure()) }
            }
            try await rig.running(handlers) { _ in
                let messages = (0..<count).flatMap { key in
                    (0..<3).map { rig.message(key * 10 + $0, key: "k\(key)", id: .v7()) }
                }
                await rig.publish(messages)
                try await rig.eventually { try await rig.count("parked") == count * 3 }
                try await body(rig, FailureStore(postgres: rig.postgres), isBroken, messages)
            }
        }
    }

    @Test func failuresAreGroupedListedAndShown() async throws {
        try await withFailures(5) { rig, store, _, messages in
            let groups = try await store.groups()
            #expect(groups.map(\.count) == [10, 3, 2])
            #expect(groups.map(\.failed) == [0, 3, 2])
            #expect(groups.map(\.errorType) == [nil, "Permanent", "TestFailure"])
            let list = try await store.list(limit: 4)
            #expect(list.count == 4)
            #expect(list.allSatisfy { $0.body.isEmpty })
            #expect(try await store.count() == 15)
            #expect(try await store.count(matching: FailureFilter(status: .waiting)) == 10)
            #expect(try await store.count(matching: FailureFilter(errorContains: "testFAIL")) == 2)
            #expect(try await store.count(matching: FailureFilter(partitionKey: "k1", status: .failed)) == 1)
            let shown = try await store.show(messages[0].id)
            #expect(shown?.body == messages[0].encoded())
            #expect(try await store.show(UUID()) == nil)
            // By the schema's name, from anywhere.
            #expect(try await FailureStore(postgres: rig.postgres, schema: rig.schema).count() == 15)
        }
    }

    @Test func oneIsRetriedAndItsSuccessorsFollow() async throws {
        try await withFailures(3) { rig, store, isBroken, messages in
            isBroken.update { $0 = false }
            #expect(try await store.retry(matching: .one(messages[3].id)) == 1)
            try await rig.eventually { try await rig.count("parked") == 6 }
            #expect(try await rig.seen() == ["k1": [10, 11, 12]])
        }
    }

    @Test func aGroupIsRetriedAtARate() async throws {
        try await withFailures(6) { rig, store, isBroken, _ in
            isBroken.update { $0 = false }
            let group = try await store.groups().first { $0.errorType == "Permanent" }
            let start = ContinuousClock.now
            let count = try await store.retry(matching: .group(group?.fingerprint ?? ""), rate: 10)
            #expect(count == 3)
            try await rig.eventually { try await rig.count("parked") == 9 }
            // The third is due 200 ms after the first.
            #expect(ContinuousClock.now - start >= .milliseconds(195))
            #expect(try await Set(rig.seen().keys) == ["k0", "k2", "k4"])
        }
    }

    @Test func allAreRetriedAndThoseThatStillFailStay() async throws {
        try await withFailures(4) { rig, store, _, _ in
            #expect(try await store.retry(matching: .all) == 4)
            try await rig.eventually { try await store.count(matching: FailureFilter(status: .failed)) == 4 }
            #expect(try await rig.count("seen") == 0)
            #expect(try await rig.count("parked") == 12)
        }
    }

    /// Fails when what waited behind a discarded message is not made due (FailureStore.discard and
    /// ParkedStatements.promoteOrphans, both).
    @Test func discardingLetsTheSuccessorsFlow() async throws {
        try await withFailures(3) { rig, store, _, messages in
            #expect(try await store.discard(matching: .one(messages[0].id)) == 1)
            try await rig.eventually { try await rig.count("parked") == 6 }
            #expect(try await rig.seen() == ["k0": [1, 2]])
            // A successor alone can be discarded too; the first still blocks.
            #expect(try await store.discard(matching: .one(messages[4].id)) == 1)
            #expect(try await rig.count("parked") == 5)
            #expect(try await store.discard(matching: .all) == 5)
            await rig.publish([rig.message(99, key: "k1")])
            try await rig.eventually { try await rig.count("seen") == 3 }
            #expect(try await rig.seen() == ["k0": [1, 2], "k1": [99]])
        }
    }

    /// What was discarded does not come back by itself, but once for each request when an operator has it sent again. Fails when the
    /// inbox does not know it any more (a duplicate is handled), or is not made to forget it (BatchRunner.plan; in `park`, a run that
    /// fails again is lost), or forgets it twice for one request.
    @Test func whatWasDiscardedIsHandledWhenItIsSentAgain() async throws {
        try await Rig.with { rig in
            let isBroken = Box(true)
            let handlers = rig.recording { _, _ in if isBroken.value { throw Permanent("broken") } }
            try await rig.running(handlers) { messaging in
                let store = FailureStore(postgres: rig.postgres)
                let step = ["sagastep": "s/1/x", "sagadirection": "forward"]
                let command = rig.message(1, key: "k", extensions: step)
                func again(_ request: String) -> Envelope {
                    rig.message(1, key: "k", id: command.id, extensions: step.merging(["sagaretry": request]) { $1 })
                }
                await rig.publish([command])
                for round in 1...2 {
                    try await rig.eventually { try await store.count(matching: FailureFilter(status: .failed)) == 1 }
                    #expect(try await store.discard(matching: .all) == 1)
                    if round == 1 { await rig.publish([again("first")]) }
                }
                isBroken.update { $0 = false }
                let duplicates = messaging.snapshot().duplicates
                await rig.publish([command, again("first")])
                try await rig.eventually { messaging.snapshot().duplicates == duplicates + 2 }
                await rig.publish([again("second"), again("second"), again("third")])
                try await rig.eventually { messaging.snapshot().duplicates == duplicates + 4 }
                try await rig.eventually { try await rig.count("seen") == 1 }
                #expect(try await rig.count("parked") == 0)
            }
        }
    }

    /// Fails when the copy goes to the end of its key, or the original stays.
    @Test func anEditedCopyTakesThePlaceOfItsOriginal() async throws {
        try await withFailures(2) { rig, store, _, messages in
            var mended = messages[0]
            mended.extensions["mended"] = "yes"
            let id = try await store.edit(messages[0].id, body: mended.encoded())
            #expect(id != messages[0].id)
            try await rig.eventually { try await rig.count("parked") == 3 }
            #expect(try await rig.seen() == ["k0": [0, 1, 2]])
            #expect(try await rig.number("SELECT count(*) FROM seen WHERE id = \(id)") == 1)
            // The original is not handled when it comes again.
            await rig.publish([messages[0]])
            await rig.publish([rig.message(101, key: "other")])
            try await rig.eventually { try await rig.count("seen") == 4 }
            #expect(try await rig.seen()["k0"] == [0, 1, 2])
        }
    }

    @Test func editedDataKeepsTheEnvelope() async throws {
        try await withFailures(1) { rig, store, _, messages in
            let id = try await store.edit(messages[0].id, data: Array("{\"a\":1}".utf8))
            // It still fails, so it can be looked at.
            try await rig.eventually { try await store.show(id)?.status == .failed }
            let envelope = try Envelope(decoding: try #require(try await store.show(id)).body)
            #expect(envelope.causationID == messages[0].id)
            #expect(envelope.data == Array("{\"a\":1}".utf8))
            #expect(envelope.type == messages[0].type && envelope.partitionKey == "k0")
            #expect(try await store.show(messages[0].id) == nil)
            await #expect(throws: MessagingError.self) { _ = try await store.edit(UUID(), data: []) }
            await #expect(throws: ContractError.self) { _ = try await store.edit(id, body: Array("nonsense".utf8)) }
        }
    }

    /// Fails when the copy gets an id of its own: the saga does not know what is answered to that.
    @Test func anEditedCommandOfASagaKeepsItsID() async throws {
        try await Rig.with { rig in
            let handlers = rig.recording { envelope, _ in if envelope.data == Array("{}".utf8) { throw Permanent("empty") } }
            try await rig.running(handlers) { _ in
                let store = FailureStore(postgres: rig.postgres)
                let command = rig.message(1, key: "k", extensions: ["sagastep": "s/1/x", "sagadirection": "forward"])
                await rig.publish([command])
                try await rig.eventually { try await store.count(matching: FailureFilter(status: .failed)) == 1 }
                #expect(try await store.edit(command.id, data: Array("{\"a\":1}".utf8)) == command.id)
                try await rig.eventually { try await rig.number("SELECT count(*) FROM seen WHERE id = \(command.id)") == 1 }
                #expect(try await rig.count("parked") == 0)
            }
        }
    }
}
