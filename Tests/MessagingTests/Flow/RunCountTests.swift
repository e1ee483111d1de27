import Contracts
import Messaging
import Testing

/// How often a message that fails is run before it is parked, and which run its handler is told that it is: once, and three times more at
/// once. With the run in the batch left out (QueueConsumer.runAlone, BatchRunner) it was five runs, and seven of an eager handler.
@Suite(.timeLimit(.minutes(4)))
struct RunCountTests {
    /// The runs that the handler was told of, by the message's number.
    private typealias Attempts = Box<[Int: [Int]]>

    /// Fails for the numbers given, without end.
    private func handlers(_ rig: Rig, eagerly: Bool, failing: Set<Int>, _ attempts: Attempts) -> MessageHandlers {
        var handlers = MessageHandlers()
        handlers.on(rawType: "thing.done", topic: rig.topic, eagerly: eagerly) { envelope, context in
            attempts.update { $0[envelope.value, default: []].append(context.attempt) }
            if failing.contains(envelope.value) { throw TestFailure() }
            Rig.record(envelope, context)
        }
        return handlers
    }

    /// Has these handled as one batch, until so many are parked for an operator; then nothing runs any more.
    private func run(_ rig: Rig, _ handlers: MessageHandlers, keys: [String], parked: Int) async throws {
        let (gate, opener) = AsyncStream.makeStream(of: Never.self)
        var handlers = handlers
        handlers.on(rawType: "batch.begun", topic: rig.topic) { _, _ in for await _ in gate {} }
        let queue = "worker.\(rig.worker)"
        try await rig.running(handlers, { $0.retry = RetryPolicy(immediate: 3, attempts: 0) }) { _ in
            // While this one is handled, the rest comes together.
            await rig.publish([rig.message(-1, key: "first", type: "batch.begun")])
            try await rig.eventually { try await rig.amqp.queueInfo(queue)?.messages == 0 }
            await rig.publish(keys.enumerated().map { rig.message($0.offset, key: $0.element) })
            try await rig.eventually { try await rig.amqp.queueInfo(queue)?.messages == 0 }
            opener.finish()
            try await rig.eventually { try await rig.count("parked") == parked }
            try await rig.eventually { try await rig.count("seen") == keys.count - parked }
        }
    }

    @Test(arguments: [false, true]) func aMessageByItself(eagerly: Bool) async throws {
        try await Rig.with { rig in
            let attempts = Attempts([:])
            try await run(rig, handlers(rig, eagerly: eagerly, failing: [0], attempts), keys: ["a"], parked: 1)
            #expect(attempts.value == [0: [1, 2, 3, 4]])
        }
    }

    /// The one in front of it, of its key, runs in the batch and then by itself, each time for the first time; so does the one beside it,
    /// unless the batch had failed before its turn.
    @Test(arguments: [false, true]) func oneOfThree(eagerly: Bool) async throws {
        try await Rig.with { rig in
            let attempts = Attempts([:])
            try await run(rig, handlers(rig, eagerly: eagerly, failing: [1], attempts), keys: ["a", "a", "b"], parked: 1)
            #expect(attempts.value[1] == [1, 2, 3, 4])
            #expect(attempts.value[0] == (eagerly ? [1, 1, 1] : [1, 1]))
            #expect(attempts.value[2]?.allSatisfy { $0 == 1 } == true)
        }
    }

    /// However many of them the batch came to, each has four runs.
    @Test(arguments: [false, true]) func allOfThree(eagerly: Bool) async throws {
        try await Rig.with { rig in
            let attempts = Attempts([:])
            try await run(rig, handlers(rig, eagerly: eagerly, failing: [0, 1, 2], attempts), keys: ["a", "b", "c"], parked: 3)
            for value in 0..<3 { #expect(attempts.value[value] == [1, 2, 3, 4], "\(value)") }
        }
    }
}
