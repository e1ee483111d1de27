import AMQP
import Contracts
import Messaging
import Postgres
import TestSupport
import Testing

/// Several instances of a worker whose queue is split.
@Suite(.timeLimit(.minutes(8)))
struct PartitionSpreadTests {
    private func split(_ configuration: inout MessagingConfiguration) {
        configuration.partitions = Rig.partitions
        configuration.batchSize = 20
        configuration.prefetch = 40
        configuration.shareInterval = .milliseconds(150)
    }

    /// Under constant load an instance that comes later gets its share, every message is handled once, the order of each key holds
    /// over the hand-overs, and what is left of the first when it loses its broker for good the second takes over.
    ///
    /// Fails when nothing is handed over (QueueConsumer.run): the second instance stands by for all partitions.
    @Test func theInstancesShareThePartitions() async throws {
        try await Rig.withPartitions { rig in
            let proxy = try Proxy(to: try AMQPPort.of(rig.amqpURL))
            defer { proxy.close() }
            let handlers = rig.recording { _, context in try await context.db.execute("SELECT pg_sleep(0.0005)") }
            let next = Box(0)
            // 24 keys, each with its numbers in order.
            @Sendable func load() async {
                let from = next.update { number in
                    defer { number += 120 }
                    return number
                }
                await rig.publishByKey((from..<(from + 120)).map { rig.message($0, key: "k\($0 % 24)") })
            }
            try await rig.elsewhere(amqpPort: proxy.port) { one in
                try await one.running(handlers, split) { first in
                    await load()
                    try await rig.eventually { first.snapshot().handled > 0 }
                    try await rig.elsewhere { two in
                        try await two.running(handlers, split) { second in
                            // As long as both have something to do: the second has come to a good part of it. More would only be
                            // left for the waits below.
                            try await rig.eventually(within: .seconds(120), "the second instance gets its share") {
                                if try await next.value - rig.count("seen") < 1_500 { await load() }
                                return second.snapshot().handled >= 1_000
                            }
                            let before = first.snapshot().handled
                            for _ in 0..<10 { await load() }
                            try await rig.eventually(within: .seconds(120)) { try await rig.count("seen") == next.value }
                            #expect(first.snapshot().handled > before, "the first has kept its share")
                            proxy.close()
                            for _ in 0..<5 { await load() }
                            try await rig.eventually(within: .seconds(120), "the second takes over") {
                                try await rig.count("seen") >= next.value
                            }
                            #expect(try await rig.count("seen") == next.value)
                            for (key, values) in try await rig.seen() {
                                #expect(values == values.sorted() && values.count == next.value / 24, "\(key)")
                            }
                            #expect(try await rig.count("parked") == 0)
                        }
                    }
                }
            }
        }
    }

    /// Queues of another number of partitions would take messages that nobody handles. Fails when they are not looked for
    /// (WorkerTopology.refuseOtherLayout).
    @Test func theNumberOfPartitionsIsNotChangedOverQueuesThatAreLeft() async throws {
        try await Rig.withPartitions { rig in
            try await rig.messaging(rig.recording(), split).declareTopology()
            for count in [1, 3] {
                let error = await #expect(throws: MessagingError.self) {
                    try await rig.messaging(rig.recording(), { $0.partitions = count }).declareTopology()
                }
                #expect(error?.message.contains("left over from another number of partitions") == true)
            }
            try await rig.messaging(rig.recording(), split).declareTopology()
            await rig.removePartitions()
            try await rig.messaging(rig.recording()).declareTopology()
            let back = await #expect(throws: MessagingError.self) { try await rig.messaging(rig.recording(), split).declareTopology() }
            #expect(back?.message.contains("worker.\(rig.worker),") == true)
        }
    }
}
