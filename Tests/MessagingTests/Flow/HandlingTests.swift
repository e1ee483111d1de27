import AMQP
import Contracts
import Messaging
import Postgres
import TestSupport
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Handling against real servers, when nothing goes wrong.
@Suite(.timeLimit(.minutes(4)))
struct HandlingTests {
    @Test(arguments: TestBroker.allCases) func everyMessageIsHandledOnceAndInTheOrderOfItsKey(_ broker: TestBroker) async throws {
        try await Rig.with(broker) { rig in
            try await rig.running(rig.recording()) { messaging in
                let messages = (0..<1_000).map { rig.message($0, key: "k\($0 % 17)") }
                await rig.publish(messages)
                try await rig.eventually { try await rig.count("seen") == 1_000 }
                for (key, values) in try await rig.seen() {
                    #expect(values == values.sorted(), "\(key)")
                }
                // The counters follow the commit.
                try await rig.eventually { messaging.snapshot().handled == 1_000 }
                #expect(messaging.snapshot().batches < 1_000)
                #expect(messaging.state.isReady)
            }
            // Acknowledged, not only handled: with its consumer gone, the queue has the others again.
            try await rig.eventually { try await rig.amqp.queueInfo("worker.\(rig.worker)")?.consumers == 0 }
            let info = try await rig.amqp.queueInfo("worker.\(rig.worker)")
            #expect(info?.messages == 0)
        }
    }

    /// Fails when the inbox is not asked (BatchPlan.verdict without `fresh`), or when an acknowledged id is forgotten.
    @Test(arguments: TestBroker.allCases) func copiesAreHandledOnce(_ broker: TestBroker) async throws {
        try await Rig.with(broker) { rig in
            try await rig.running(rig.recording()) { messaging in
                let messages = (0..<100).map { rig.message($0, key: "k\($0 % 5)") }
                await rig.publish(messages + messages)
                try await rig.eventually { try await rig.count("seen") >= 100 }
                await rig.publish(messages)
                try await rig.eventually { messaging.snapshot().duplicates == 200 }
                #expect(try await rig.count("seen") == 100)
                #expect(messaging.snapshot().handled == 100)
            }
        }
    }

    @Test(arguments: TestBroker.allCases) func whatAHandlerPublishesCarriesCorrelationAndCauseAndLeavesNothingBehind(_ broker: TestBroker)
        async throws
    {
        try await Rig.with(broker) { rig in
            var handlers = MessageHandlers()
            handlers.on(rawType: "thing.asked", topic: rig.topic) { envelope, context in
                var answer = rig.message(envelope.value, key: envelope.partitionKey, type: "thing.answered")
                answer.correlationID = envelope.correlationID ?? envelope.id
                answer.causationID = envelope.id
                try context.publish(answer, to: rig.topic)
            }
            try await Tap.with(rig, routingKey: "thing.answered") { tap in
                try await rig.running(handlers) { messaging in
                    let messages = (0..<200).map { rig.message($0, key: "k", type: "thing.asked") }
                    await rig.publish(messages)
                    try await rig.eventually { tap.envelopes.count == 200 }
                    #expect(tap.envelopes.map(\.value) == Array(0..<200))
                    #expect(tap.envelopes.map(\.causationID) == messages.map(\.id))
                    #expect(tap.envelopes.compactMap(\.sequence) == (1...200).map { Int64($0) })
                    try await rig.eventually { try await rig.count("outbox") == 0 }
                    try await rig.eventually { messaging.snapshot().published == 200 }
                }
            }
        }
    }

    /// Fails when the draining ends before the relay has published (MessagingRunner.runParts).
    @Test(arguments: TestBroker.allCases) func drainingPublishesWhatWasCommitted(_ broker: TestBroker) async throws {
        try await Rig.with(broker) { rig in
            var handlers = MessageHandlers()
            handlers.on(rawType: "thing.asked", topic: rig.topic) { envelope, context in
                try context.publish(rig.message(envelope.value, key: "k", type: "thing.answered"), to: rig.topic)
            }
            try await rig.running(handlers) { messaging in
                await rig.publish((0..<500).map { rig.message($0, key: "k\($0)", type: "thing.asked") })
                try await rig.eventually { messaging.snapshot().handled > 0 }
            }
            #expect(try await rig.count("outbox") == 0)
            let handled = try await rig.count("inbox")
            // What was sent ahead goes back into the queue.
            try await rig.eventually {
                try await rig.amqp.queueInfo("worker.\(rig.worker)")?.messages == 500 - handled
            }
        }
    }

    @Test func aMessageThatNobodyHandlesIsParked() async throws {
        try await Rig.with { rig in
            var handlers = rig.recording()
            handlers.on(rawType: "other", topic: rig.topic) { _, _ in }
            try await rig.running(handlers) { _ in
                // The routing key is bound, the type in the envelope is another.
                var message = rig.message(1, key: "k", type: "unknown")
                let body = message.encoded()
                message.type = "other"
                _ = await rig.publisher.publish([
                    OutgoingMessage(exchange: rig.topic, routingKey: "other", body: body, mandatory: true)
                ])
                try await rig.eventually { try await rig.count("parked") == 1 }
                let failure = try await FailureStore(postgres: rig.postgres).list().first
                #expect(failure?.status == .failed)
                #expect(failure?.errorType == "MessagingError.noHandler")
            }
        }
    }

    /// Fails when hooks run before the commit, or for a batch that rolled back.
    @Test func hooksRunOnceAndOnlyAfterACommit() async throws {
        try await Rig.with { rig in
            let calls = Box<[Int]>([])
            let failures = Box(2)
            let handlers = rig.recording { envelope, context in
                let value = envelope.value
                context.afterCommit { calls.update { $0.append(value) } }
                if value == 3,
                    failures.update({ count in
                        defer { count -= 1 }
                        return count > 0
                    })
                {
                    throw TestFailure()
                }
            }
            try await rig.running(handlers) { _ in
                await rig.publish((0..<10).map { rig.message($0, key: "k") })
                try await rig.eventually { calls.value.count >= 10 }
                #expect(calls.value == Array(0..<10))
                #expect(try await rig.count("seen") == 10)
            }
        }
    }

    @Test func aContextThatOutlivesItsHandlerIsRefused() async throws {
        try await Rig.with { rig in
            let kept = Box<MessageContext?>(nil)
            let handlers = rig.recording { _, context in kept.update { $0 = context } }
            try await rig.running(handlers) { _ in
                await rig.publish([rig.message(1, key: "k")])
                try await rig.eventually { try await rig.count("seen") == 1 }
                #expect(throws: MessagingError.self) {
                    try kept.value?.publish(rig.message(2, key: "k"), to: rig.topic)
                }
            }
            #expect(try await rig.count("outbox") == 0)
        }
    }
}

struct TestFailure: Error {}
