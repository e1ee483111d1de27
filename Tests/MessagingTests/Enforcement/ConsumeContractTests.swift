import AMQP
import Contracts
import Messaging
import Postgres
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What arrives and does not fit its contract is parked with the reason; everything else flows on.
@Suite(.timeLimit(.minutes(4)))
struct ConsumeContractTests {
    /// Handlers of `thing.counted` of the rig's topic.
    private func handlers(_ rig: Rig) -> MessageHandlers {
        var handlers = rig.recording(type: "thing.counted")
        handlers.knows(countedCatalog)
        handlers.upcast("thing.counted", from: 1) { data in data.rename("old", to: "n") }
        return handlers
    }

    /// Fails when the gate is not asked (IncomingMessage.admit), when the refused message does not hold up its key in its own
    /// batch (BatchPlan: parkedKeys.insert), and when the retrier runs it all the same (ParkedMessage.item).
    @Test func whatDoesNotFitIsParkedWithTheReasonAndOtherKeysFlowOn() async throws {
        try await Rig.with { rig in
            try await rig.messaging(handlers(rig)).declareTopology()
            let wrong = rig.counted(#"{"n":-1}"#, key: "a", value: 2)
            let first = [
                rig.counted(#"{"n":1}"#, key: "a", value: 1), wrong, rig.counted(#"{"n":3}"#, key: "a", value: 3),
                rig.counted(#"{"n":4}"#, key: "b", value: 4), rig.counted(#"{"m":5}"#, key: nil, value: 5),
                rig.counted(#"{"n":6}"#, key: nil, value: 6),
            ]
            // All of it lies in the queue when the worker starts: one batch.
            await rig.publish(first)
            try await rig.running(handlers(rig)) { messaging in
                try await rig.eventually { try await rig.count("seen") == 3 && messaging.snapshot().parked == 3 }
                await rig.publish([rig.counted(#"{"n":7}"#, key: "a", value: 7), rig.counted(#"{"n":8}"#, key: "b", value: 8)])
                try await rig.eventually { try await rig.count("seen") == 4 && messaging.snapshot().parked == 4 }
                #expect(try await rig.seen() == ["a": [1], "b": [4, 8], "": [6]])
                // A refused message costs its batch nothing: it is not run.
                #expect(messaging.snapshot().failedBatches == 0)

                let store = FailureStore(postgres: rig.postgres)
                let failures = try await store.list()
                #expect(failures.map(\.status) == [.failed, .waiting, .failed, .waiting])
                #expect(failures.map(\.partitionKey) == ["a", "a", nil, "a"])
                let shown = try #require(try await store.show(wrong.id))
                #expect(shown.errorType == "ContractViolation.invalidData")
                #expect(
                    shown.errorMessage
                        == "invalidData: thing.counted version 2 (test.counted) does not fit its contract: /n must be at least 0, is -1 "
                        + "[minimum at #/properties/n]")
                #expect(shown.errorPlace == "thing.counted (minimum at #/properties/n)")
                #expect(shown.body == wrong.encoded())

                // Another run cannot mend it (ParkedMessage.item throws); corrected data can, and the key goes on in order.
                try await store.retry(matching: .all)
                try await rig.eventually { try await store.show(wrong.id)?.attempts == 1 }
                #expect(try await store.show(wrong.id)?.status == .failed)
                _ = try await store.edit(wrong.id, data: Array(#"{"n":2}"#.utf8))
                try await rig.eventually { try await rig.seen()["a"] == [1, 2, 3, 7] }
            }
        }
    }

    /// Fails when `CompiledContract` takes all numbers (the second).
    @Test(arguments: [
        (#"{"n":1,"n":2}"#, "/n a name that the object already has"), (#"{"n":1e400}"#, "/n a number beyond the range of a double"),
        ("[1]", "must be"), (#"{"n":1,"text":7}"#, "/text must be"),
    ])
    func dataThatReadersUnderstandDifferentlyIsParked(_ data: String, _ reason: String) async throws {
        try await Rig.with { rig in
            try await rig.running(handlers(rig)) { messaging in
                await rig.publish([rig.counted(data, key: "a"), rig.counted(#"{"n":1}"#, key: "b", value: 1)])
                try await rig.eventually { try await rig.count("seen") == 1 && messaging.snapshot().parked == 1 }
                let failure = try #require(try await FailureStore(postgres: rig.postgres).list().first)
                #expect(failure.status == .failed && failure.partitionKey == "a" && failure.type == "thing.counted")
                #expect(failure.errorMessage?.contains(reason) == true, "\(failure.errorMessage ?? "")")
            }
        }
    }

    /// Bytes that are not UTF-8 make the whole envelope unreadable, with its key.
    @Test func dataThatIsNotUTF8IsParked() async throws {
        try await Rig.with { rig in
            try await rig.running(handlers(rig)) { messaging in
                var body = rig.counted(#"{"n":1,"text":"?"}"#, key: "a").encoded()
                let place = try #require(body.lastIndex(of: UInt8(ascii: "?")))
                body[place] = 0xFF
                let sent = await rig.publisher.publish([
                    OutgoingMessage(exchange: rig.topic, routingKey: "thing.counted", body: body, mandatory: true)
                ])
                let isSent = sent.allSatisfy { $0.isConfirmed }
                #expect(isSent)
                await rig.publish([rig.counted(#"{"n":1}"#, key: "a", value: 1)])
                try await rig.eventually { try await rig.count("seen") == 1 && messaging.snapshot().parked == 1 }
                let failure = try #require(try await FailureStore(postgres: rig.postgres).list().first)
                #expect(failure.status == .failed && failure.type == "thing.counted" && failure.partitionKey == nil)
                #expect(failure.errorMessage == "malformed: not UTF-8 at byte \(place)")
            }
        }
    }

    /// Fails when what an upcaster makes is not checked (ContractGate.upcast), and when the gate is not asked.
    @Test func anOldVersionIsCheckedAgainstItsOwnSchemaAndThenUpcast() async throws {
        try await Rig.with { rig in
            let taken = Box<[(Int, String?, Int?)]>([])
            var handlers = MessageHandlers()
            handlers.on(rawType: "thing.counted", topic: rig.topic) { envelope, context in
                let counted = try envelope.decode(Counted.self)
                let inData = try JSONValue.parse(envelope.data)["n"]?.intValue
                taken.update { $0.append((counted.n, envelope.dataschema, inData)) }
                Rig.record(envelope, context)
            }
            handlers.upcast(CountedV1.self) { old in Counted(n: old.old - 1, text: nil) }
            try await rig.running(handlers) { messaging in
                let tooHigh = rig.counted(#"{"old":1001}"#, key: "b", version: 1)
                let impossible = rig.counted(#"{"old":0}"#, key: "c", version: 1)
                let new = rig.counted(#"{"old":5}"#, key: "d", version: 2)
                let later = rig.counted(#"{"n":5}"#, key: "e", version: 3)
                let other = rig.counted(#"{"n":5}"#, key: "f", version: nil)
                var strange = rig.counted(#"{"n":5}"#, key: "g")
                strange.dataschema = "millrace:thing.else:1"
                var foreign = rig.counted(#"{"n":6}"#, key: "h")
                foreign.dataschema = "https://example.org/counted.json"
                await rig.publish([
                    rig.counted(#"{"old":4}"#, key: "a", version: 1), tooHigh, impossible, new, later, other, strange, foreign,
                ])
                try await rig.eventually { try await rig.count("seen") == 3 && messaging.snapshot().parked == 5 }
                #expect(taken.value.map(\.0).sorted() == [3, 5, 6])
                let upcast = try #require(taken.value.first { $0.0 == 3 })
                #expect(upcast.1 == "millrace:thing.counted:2" && upcast.2 == 3)
                let store = FailureStore(postgres: rig.postgres)
                for (envelope, type, text) in [
                    (tooHigh, "invalidData", "thing.counted version 1 (test.counted) does not fit its contract: /old must be"),
                    (impossible, "upcasting", "/n must be at least 0, is -1"), (new, "invalidData", "version 2"),
                    (later, "unknownVersion", "version 3 (test.counted) is not in the contract"),
                    (strange, "unknownVersion", "does not name a version"),
                ] {
                    let failure = try #require(try await store.show(envelope.id))
                    #expect(failure.errorType == "ContractViolation.\(type)" && failure.status == .failed)
                    #expect(failure.errorMessage?.contains(text) == true, "\(failure.errorMessage ?? "")")
                }
            }
        }
    }

    /// What a message's own contract does not cover is handled as ever.
    @Test func typesWithoutContractAreTakenAsTheyAre() async throws {
        try await Rig.with { rig in
            var handlers = handlers(rig)
            handlers.on(rawType: "thing.done", topic: rig.topic) { Rig.record($0, $1) }
            handlers.onAll(topic: rig.topic) { envelope, context in
                if envelope.type == "thing.new" || envelope.type == "thing.told" { Rig.record(envelope, context) }
            }
            try await rig.running(handlers) { messaging in
                var done = rig.message(1, key: "a")
                done.data = Array(#"{"n":1,"n":2}"#.utf8)
                done.dataschema = "millrace:thing.done:9"
                // Of a type that only the catch-all takes: a later version of it passes, what does not fit its own does not.
                var later = rig.message(3, key: "c", type: "thing.told")
                later.dataschema = "millrace:thing.told:9"
                let wrong = rig.message(4, key: "d", type: "thing.told")
                await rig.publish([done, rig.message(2, key: "b", type: "thing.new"), later, wrong])
                try await rig.eventually { try await rig.count("seen") == 3 && messaging.snapshot().parked == 1 }
                #expect(try await rig.seen() == ["a": [1], "b": [2], "c": [3]])
            }
        }
    }
}
