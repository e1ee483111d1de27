import Contracts
import Messaging
import Postgres
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Nothing leaves that does not fit its contract.
@Suite(.timeLimit(.minutes(4)))
struct PublishContractTests {
    /// Fails when the gate is not asked (OutboxEntry.init), and when a violation is run again (Blame.isPermanent): then
    /// the handler is called five times.
    @Test func aHandlerThatPublishesWhatDoesNotFitFailsForGoodAndLeavesNothing() async throws {
        try await Rig.with { rig in
            let calls = Box(0)
            let handlers = rig.recording { envelope, context in
                guard envelope.value == 7 else { return }
                calls.update { $0 += 1 }
                Rig.record(envelope, context)
                try context.publish(Told(n: 1))
                try context.publish(Told(n: -5))
            }
            try await Tap.with(rig, exchange: Told.topic, routingKey: Told.type) { tap in
                try await rig.running(handlers) { messaging in
                    await rig.publish((0..<20).map { rig.message($0, key: "k\($0)") })
                    try await rig.eventually { messaging.snapshot().parked == 1 }
                    try await rig.eventually { try await rig.count("seen") == 19 }
                    let failure = try #require(try await FailureStore(postgres: rig.postgres).list().first)
                    #expect(failure.status == .failed && failure.attempts == 0)
                    #expect(failure.errorType == "ContractViolation.invalidData")
                    #expect(failure.errorMessage?.contains("thing.told version 1 (test.counted)") == true)
                    #expect(failure.errorMessage?.contains("/n must be at least 0") == true, "\(failure.errorMessage ?? "")")
                    #expect(failure.errorPlace == "thing.done (minimum at #/properties/n)")
                    #expect(try await rig.seen()["k7"] == nil)
                    // Once in the batch, once by itself; or only once, when it comes in a batch of its own.
                    #expect((1...2).contains(calls.value), "\(calls.value)")
                }
                #expect(!tap.envelopes.contains { $0.source == "/workers/\(rig.worker)" })
                #expect(try await rig.count("outbox") == 0)
            }
        }
    }

    /// Fails when the gate is not asked.
    @Test func aTransactionSaysWhatDoesNotFitAndRollsBack() async throws {
        try await Rig.with { rig in
            try await rig.running(MessageHandlers()) { messaging in
                let error = await #expect(throws: ContractViolation.self) {
                    try await messaging.transact { context in
                        context.db.enqueue("INSERT INTO seen (id, value, attempt) VALUES (\(UUID()), 1, 1)")
                        try context.publish(Told(n: -5))
                    }
                }
                #expect(error?.code == .invalidData && error?.pointers.map(\.text) == ["/n"])
                #expect(error?.topic == Told.topic && error?.type == Told.type && error?.version == 1)
                #expect(try await rig.count("seen") == 0)
                // What a body lets pass is not written, the rest is.
                try await messaging.transact { context in
                    _ = #expect(throws: ContractViolation.self) { try context.publish(Told(n: -5)) }
                    context.db.enqueue("INSERT INTO seen (id, value, attempt) VALUES (\(UUID()), 1, 1)")
                    try context.publish(Told(n: 5))
                }
                #expect(try await rig.count("seen") == 1)
                #expect(try await rig.number("SELECT last FROM outbox_sequence") == 1)
            }
        }
    }

    /// Fails when the gate is not asked.
    @Test func aSubmissionThatDoesNotFitIsNotWritten() async throws {
        try await Rig.with { rig in
            try await rig.running(MessageHandlers()) { messaging in
                var submission = Submission()
                submission.execute("INSERT INTO seen (id, value, attempt) VALUES (\(UUID()), 1, 1)")
                submission.publish(Told(n: 1))
                submission.publish(Told(n: -1))
                let error = await #expect(throws: ContractViolation.self) { try await messaging.submit(submission) }
                #expect(error?.pointers.map(\.text) == ["/n"])
                let (rows, left) = (try await rig.count("seen"), try await rig.count("outbox"))
                #expect(rows == 0 && left == 0)
            }
        }
    }

    /// Fails when ContractGate.check does not look for the contract of an envelope that comes without its type.
    @Test func anEnvelopeThatWasMadeElsewhereIsCheckedWhenItsContractIsKnown() async throws {
        try await Rig.with { rig in
            var handlers = MessageHandlers()
            let wrong = rig.counted(#"{"n":-1}"#, key: "k")
            try await rig.messaging(handlers).transact { try $0.publish(wrong, to: rig.topic) }
            #expect(try await rig.count("outbox") == 1)
            handlers.knows(countedCatalog)
            let messaging = rig.messaging(handlers)
            for (envelope, code) in [
                (wrong, ContractViolation.Code.invalidData), (rig.counted(#"{"n":1,"n":1}"#, key: "k"), .malformedData),
                (rig.counted(#"{"n":1}"#, key: "k", version: 3), .unknownVersion),
                (rig.counted("", key: "k"), .malformedData), (rig.counted(#"{"n":1e400}"#, key: "k"), .malformedData),
            ] {
                let error = await #expect(throws: ContractViolation.self) {
                    try await messaging.transact { try $0.publish(envelope, to: rig.topic) }
                }
                #expect(error?.code == code, "\(String(describing: error))")
            }
            // Each version is held against its own schema, and one without a schema against the newest.
            for envelope in [
                rig.counted(#"{"old":1}"#, key: "k", version: 1), rig.counted(#"{"n":1}"#, key: "k", version: nil),
                rig.message(1, key: "k", type: "thing.unknown"),
            ] {
                try await messaging.transact { try $0.publish(envelope, to: rig.topic) }
            }
            #expect(try await rig.count("outbox") == 4)
        }
    }

    /// Fails when the size is not looked at (ContractGate.check).
    @Test func aMessageAboveTheLimitIsRefusedWithAHint() async throws {
        try await Rig.with { rig in
            let messaging = rig.messaging(MessageHandlers())
            let error = await #expect(throws: ContractViolation.self) {
                try await messaging.transact { try $0.publish(Told(n: 1, text: String(repeating: "x", count: 1_000_000))) }
            }
            #expect(error?.code == .tooLarge && error?.type == Told.type)
            #expect(
                error?.message.contains("the limit is 1000000") == true && error?.message.contains("MILLRACE_MAX_MESSAGE_BYTES") == true)
            #expect(try await rig.count("outbox") == 0)
            try await messaging.transact { try $0.publish(Told(n: 1, text: String(repeating: "x", count: 990_000))) }
            #expect(try await rig.count("outbox") == 1)

            // Types without a contract have the limit too, to the byte.
            let envelope = rig.message(1, key: "k")
            let size = envelope.encoded().count
            try await rig.messaging(MessageHandlers()) { $0.maximumMessageBytes = size }.transact {
                try $0.publish(envelope, to: rig.topic)
            }
            let small = rig.messaging(MessageHandlers()) { $0.maximumMessageBytes = size - 1 }
            let refused = await #expect(throws: ContractViolation.self) {
                try await small.transact { try $0.publish(envelope, to: rig.topic) }
            }
            #expect(refused?.code == .tooLarge)
        }
    }
}
