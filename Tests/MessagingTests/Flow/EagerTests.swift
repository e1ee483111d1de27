import Contracts
import Messaging
import Testing

/// Handlers that run before it is known whether their message is new. The first three were seen to fail with a function
/// `inbox_refuse` that refuses nothing, which is what takes both guards out (InboxStatements.recordNew and checkNone).
@Suite(.timeLimit(.minutes(4)))
struct EagerTests {
    private func eager(
        _ rig: Rig, first: @escaping @Sendable (Envelope, MessageContext) async throws -> Void = { _, _ in }
    ) -> MessageHandlers {
        var handlers = MessageHandlers()
        handlers.on(rawType: "thing.done", topic: rig.topic, eagerly: true) { envelope, context in
            try await first(envelope, context)
            Rig.record(envelope, context)
        }
        return handlers
    }

    @Test func aDuplicateIsRolledBack() async throws {
        try await Rig.with { rig in
            try await rig.running(eager(rig)) { messaging in
                let first = (0..<100).map { rig.message($0, key: "k\($0 % 5)") }
                await rig.publish(first)
                try await rig.eventually { try await rig.count("seen") == 100 }
                await rig.publish(first + (100..<120).map { rig.message($0, key: "k\($0 % 5)") })
                try await rig.eventually { try await rig.count("seen") >= 120 && messaging.snapshot().duplicates == 100 }
                #expect(try await rig.count("seen") == 120)
                for (key, values) in try await rig.seen() { #expect(values == values.sorted(), "\(key)") }
            }
        }
    }

    @Test func aMessageBehindAParkedOneDoesNotRun() async throws {
        try await Rig.with { rig in
            let handlers = eager(rig) { envelope, context in
                // The check and this go out together; it is never executed.
                try await context.db.execute("SELECT 1")
                if envelope.value == 0 { throw Permanent("poison") }
            }
            try await rig.running(handlers) { messaging in
                await rig.publish([rig.message(0, key: "bad")])
                try await rig.eventually { try await rig.count("parked") == 1 }
                await rig.publish([rig.message(1, key: "bad"), rig.message(2, key: "good")])
                try await rig.eventually { try await rig.seen()["good"] == [2] }
                #expect(try await rig.seen()["bad"] == nil)
                #expect(try await rig.number("SELECT count(*) FROM parked WHERE status = 'waiting'") == 1)
                try await rig.eventually { messaging.snapshot().parked == 2 }
            }
        }
    }

    @Test func aStepBehindItsFenceDoesNotRun() async throws {
        try await Rig.with { rig in
            try await rig.running(eager(rig)) { messaging in
                func step(_ value: Int, _ direction: String) -> Envelope {
                    rig.message(value, key: "o", extensions: ["sagastep": "checkout/1/pay", "sagadirection": direction])
                }
                await rig.publish([step(1, "compensate")])
                try await rig.eventually { try await rig.count("fences") == 1 }
                await rig.publish([step(2, "forward")])
                await rig.publish([rig.message(3, key: "o")])
                try await rig.eventually { try await rig.count("seen") >= 2 }
                #expect(try await rig.seen() == ["o": [1, 3]])
                try await rig.eventually { messaging.snapshot().fenced == 1 }
            }
        }
    }

    /// One by itself is recorded by another statement. Fails when that one ignores what it knows already.
    @Test func aDuplicateByItselfIsRolledBack() async throws {
        try await Rig.with { rig in
            try await rig.running(eager(rig)) { messaging in
                let message = rig.message(1, key: "k")
                for copies in 0..<3 {
                    await rig.publish([message])
                    try await rig.eventually { messaging.snapshot().handled == 1 && messaging.snapshot().duplicates == copies }
                }
                #expect(try await rig.seen() == ["k": [1]])
            }
        }
    }

    /// The statement that records one by itself asks for parked ones too. Fails when it does not refuse for their sake.
    @Test func aMessageByItselfBehindAParkedOneDoesNotRun() async throws {
        try await Rig.with { rig in
            let handlers = eager(rig) { envelope, _ in if envelope.value == 0 { throw Permanent("poison") } }
            try await rig.running(handlers) { messaging in
                await rig.publish([rig.message(0, key: "bad")])
                try await rig.eventually { messaging.snapshot().parked == 1 }
                await rig.publish([rig.message(1, key: "bad")])
                try await rig.eventually { messaging.snapshot().parked + messaging.snapshot().handled == 2 }
                #expect(try await rig.seen().isEmpty)
                #expect(try await rig.number("SELECT count(*) FROM parked WHERE status = 'waiting'") == 1)
            }
        }
    }

    /// What a failed run wanted to publish is gone with it, and so are its rows.
    @Test func aFailedRunLeavesNothing() async throws {
        try await Rig.with { rig in
            try await Tap.with(rig, exchange: rig.topic, routingKey: "thing.told") { tap in
                let runs = Box(0)
                let handlers = eager(rig) { envelope, context in
                    try context.publish(rig.message(envelope.value, key: "k", type: "thing.told"), to: rig.topic)
                    if runs.update({ count in
                        count += 1
                        return count
                    }) < 3 {
                        throw DidNotHappen()
                    }
                }
                try await rig.running(handlers) { _ in
                    await rig.publish([rig.message(7, key: "k")])
                    try await rig.eventually { tap.envelopes.count >= 1 }
                    #expect(try await rig.seen() == ["k": [7]])
                    #expect(tap.envelopes.map(\.value) == [7])
                }
            }
        }
    }

    /// Fails when the statements of the messages of a batch are not taken together, or the last one does not win.
    @Test func aClosingStatementIsExecutedOncePerBatch() async throws {
        try await Rig.with { rig in
            var handlers = MessageHandlers()
            handlers.on(rawType: "thing.done", topic: rig.topic, eagerly: true) { envelope, context in
                context.beforeCommit("last") {
                    "INSERT INTO seen (id, value, attempt) VALUES (\(envelope.id), \(Int32(envelope.value)), 1)"
                }
            }
            try await rig.messaging(handlers).declareTopology()
            await rig.publish((0..<50).map { rig.message($0, key: "k\($0 % 7)") })
            try await rig.running(handlers) { messaging in
                try await rig.eventually { messaging.snapshot().handled == 50 }
                #expect(try await rig.count("seen") == messaging.snapshot().batches)
                #expect(try await rig.seen()[""]?.last == 49)
                #expect(messaging.snapshot().batches < 50)
            }
        }
    }
}
