import AMQP
import Contracts
import Messaging
import Postgres
import Testing
import TestSupport

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The counts that earlier processes left in the database decide what this one runs.
@Suite(.timeLimit(.minutes(2)))
struct CrashCountTests {
    /// Puts messages into the worker's queue as the broker hands them out after a process has died.
    private func redelivered(_ rig: Rig, _ messages: [Envelope], _ handlers: MessageHandlers) async throws {
        try await rig.messaging(handlers).declareTopology()
        await rig.publish(messages)
        let consumer = rig.amqp.consumer(queue: "worker.\(rig.worker)")
        var taken = 0
        while taken < messages.count, let batch = try await consumer.nextBatch(max: 100) { taken += batch.count }
        await consumer.close()
    }

    /// Fails when the count is not looked at before the run (QueueConsumer.mayRun), or counts of messages that were
    /// handled stay (BatchRunner.leave).
    @Test(arguments: TestBroker.allCases) func aMessageThatKilledTheProcessTooOftenIsParkedUnseen(_ broker: TestBroker) async throws {
        try await Rig.with(broker) { rig in
            let ran = Box<[Int]>([])
            let handlers = rig.recording { envelope, _ in ran.update { $0.append(envelope.value) } }
            let messages = (0..<6).map { rig.message($0, key: "k\($0)") }
            try await redelivered(rig, messages, handlers)
            // The third has run alone twice when the process died, the fourth was only once in a batch.
            try await rig.postgres.execute(
                "INSERT INTO delivery_attempts (message_id, count) VALUES (\(messages[2].id), 2), (\(messages[3].id), 1)")
            try await rig.running(handlers) { _ in
                try await rig.eventually { try await rig.count("seen") == 5 }
                try await rig.eventually { try await rig.count("parked") == 1 }
                #expect(ran.value.sorted() == [0, 1, 3, 4, 5])
                let failure = try await FailureStore(postgres: rig.postgres).list().first
                #expect(failure?.id == messages[2].id)
                #expect(failure?.status == .failed && failure?.errorType == "MessagingError.crashed")
                try await rig.eventually { try await rig.count("delivery_attempts") == 0 }
            }
        }
    }

    /// The same for one that kills the process while it is retried from parking. Fails when a claim is not counted.
    @Test func aParkedMessageThatKillsTheProcessIsGivenToAnOperator() async throws {
        try await Rig.with { rig in
            let ran = Box(0)
            let handlers = rig.recording { _, _ in ran.update { $0 += 1 } }
            for (value, crashes) in [(0, 3), (1, 2)] {
                let message = rig.message(value, key: "k\(value)")
                try await rig.postgres.execute(
                    """
                    INSERT INTO parked (message_id, partition_key, exchange, routing_key, type, body, status, crashes, next_attempt_at)
                    VALUES (\(message.id), \(message.partitionKey ?? ""), \(rig.topic), 'thing.done', 'thing.done',
                            \(message.encoded()), 'retrying', \(Int32(crashes)), now())
                    """)
            }
            try await rig.running(handlers) { _ in
                try await rig.eventually { try await rig.number("SELECT count(*) FROM parked WHERE status = 'failed'") == 1 }
                try await rig.eventually { try await rig.seen() == ["k1": [1]] }
                #expect(ran.value == 1)
                #expect(try await rig.count("parked") == 1)
            }
        }
    }
}
