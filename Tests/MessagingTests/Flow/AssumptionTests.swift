import Contracts
import Messaging
import TestSupport
import Testing

/// Handlers that answer with what is nearly always so and leave it to a statement to refuse. The first was seen to fail
/// with a function `inbox_refuse` that refuses nothing.
@Suite(.timeLimit(.minutes(4)))
struct AssumptionTests {
    /// Tells that there was room, which is so for values under 10; with care, tells the truth.
    private func handlers(_ rig: Rig, eagerly: Bool, _ runs: Box<[Bool]>) -> MessageHandlers {
        var handlers = MessageHandlers()
        handlers.on(rawType: "thing.done", topic: rig.topic, eagerly: eagerly) { envelope, context in
            runs.update { $0.append(context.mayAssume) }
            Rig.record(envelope, context)
            let hasRoom = envelope.value < 10
            if context.mayAssume {
                context.db.enqueue("SELECT CASE WHEN NOT \(hasRoom) THEN \(MessageContext.refusal) END")
            }
            let type = context.mayAssume || hasRoom ? "room.taken" : "room.refused"
            try context.publish(rig.message(envelope.value, key: "k", type: type), to: rig.topic)
        }
        return handlers
    }

    @Test(arguments: [true, false]) func aRefusedAssumptionIsTakenBackAndTheMessageHandledWithCare(eagerly: Bool) async throws {
        try await Rig.with { rig in
            try await Tap.with(rig, exchange: rig.topic, routingKey: "room.*") { tap in
                let runs = Box<[Bool]>([])
                try await rig.running(handlers(rig, eagerly: eagerly, runs)) { messaging in
                    await rig.publish([rig.message(1, key: "k")])
                    try await rig.eventually { tap.envelopes.count == 1 }
                    await rig.publish([rig.message(11, key: "k")])
                    try await rig.eventually { tap.envelopes.count == 2 }
                    #expect(tap.envelopes.map(\.type) == ["room.taken", "room.refused"])
                    #expect(runs.value == [true, true, false])
                    #expect(try await rig.seen() == ["k": [1, 11]])
                    #expect(try await rig.number("SELECT max(attempt) FROM seen") == 1)
                    try await rig.eventually { messaging.snapshot().handled == 2 }
                }
            }
        }
    }

    /// A handler that may call others is run again by its retry policy alone. Fails when ``BatchRunner`` takes any failure for a
    /// refusal: seen.
    @Test func aHandlerThatThrowsIsNotRunAgainForAnAssumption() async throws {
        try await Rig.with { rig in
            let attempts = Box<[Int]>([])
            let handlers = rig.recording { _, context in
                attempts.update { $0.append(context.attempt) }
                if context.attempt < 3 { throw DidNotHappen() }
            }
            try await rig.running(handlers) { _ in
                await rig.publish([rig.message(1, key: "k")])
                try await rig.eventually { try await rig.count("seen") == 1 }
                #expect(attempts.value == [1, 2, 3])
            }
        }
    }

    /// Fails when a batch of any size may assume, and when those of one key may, which must see what the one before them did.
    @Test(arguments: [["a", "b", "c", "d", "e"], ["same", "same"]])
    func manyMessagesAndThoseOfOneKeyAssumeNothing(keys: [String]) async throws {
        // RabbitMQ may hand out a part of them a moment later, which is then a batch of its own.
        try await Rig.with(.embedded) { rig in
            let runs = Box<[Bool]>([])
            let (gate, opener) = AsyncStream.makeStream(of: Never.self)
            var handlers = handlers(rig, eagerly: true, runs)
            handlers.on(rawType: "batch.begun", topic: rig.topic, eagerly: true) { _, _ in for await _ in gate {} }
            try await rig.running(handlers) { messaging in
                // While this one is handled, the rest comes together.
                await rig.publish([rig.message(0, key: "first", type: "batch.begun")])
                try await rig.eventually { try await rig.waiting() == 0 }
                await rig.publish(keys.enumerated().map { rig.message($0.offset, key: $0.element) })
                try await rig.eventually { try await rig.waiting() == 0 }
                opener.finish()
                try await rig.eventually { try await rig.count("seen") == keys.count }
                #expect(runs.value == keys.map { _ in false })
                try await rig.eventually { messaging.snapshot().batches == 2 }
            }
        }
    }
}

extension Rig {
    /// How many messages the worker's queue has that were not delivered yet.
    fileprivate func waiting() async throws -> Int? { try await amqp.queueInfo("worker.\(worker)")?.messages }
}
