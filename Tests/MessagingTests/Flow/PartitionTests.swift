import AMQP
import Contracts
import Messaging
import Postgres
import TestSupport
import Testing

/// A worker's queue split over several by the partition key.
@Suite(.timeLimit(.minutes(5)))
struct PartitionTests {
    private func split(_ configuration: inout MessagingConfiguration) {
        configuration.partitions = Rig.partitions
        configuration.batchSize = 20
    }

    /// Fails when the exchange between the topics and the queues is left out (WorkerTopology.make).
    @Test(arguments: TestBroker.allCases) func eachKeyGoesToOneQueueAndAllQueuesGetSome(_ broker: TestBroker) async throws {
        try await Rig.withPartitions(broker) { rig in
            try await rig.messaging(rig.recording(), split).declareTopology()
            // Two of each key: a queue holds both or none.
            await rig.publishByKey((0..<400).map { rig.message($0, key: "k\($0 % 200)") })
            var total = 0
            for partition in 0..<Rig.partitions {
                let queue = "worker.\(rig.worker).\(partition)"
                let count = try await rig.amqp.queueInfo(queue)?.messages ?? 0
                #expect(count > 0 && count % 2 == 0, "\(queue)")
                total += count
            }
            #expect(total == 400)
            try await rig.running(rig.recording(), split) { _ in
                try await rig.eventually { try await rig.count("seen") == 400 }
            }
            #expect(try await rig.seen().values.allSatisfy { $0.count == 2 && $0 == $0.sorted() })
        }
    }

    /// Two processes with four partitions, each of which loses its broker now and then. Fails without x-single-active-consumer
    /// (WorkerTopology.make): both take from each queue, and the messages of a key overtake one another.
    @Test(arguments: TestBroker.allCases) func theOrderOfAKeyHoldsOverTwoProcesses(_ broker: TestBroker) async throws {
        try await Rig.withPartitions(broker) { rig in
            let first = try Proxy(to: try AMQPPort.of(rig.amqpURL))
            let second = try Proxy(to: try AMQPPort.of(rig.amqpURL))
            defer {
                first.close()
                second.close()
            }
            let handlers = rig.recording { _, context in try await context.db.execute("SELECT pg_sleep(0.0005)") }
            try await rig.elsewhere(amqpPort: first.port) { one in
                try await rig.elsewhere(amqpPort: second.port) { two in
                    try await one.running(handlers, split) { messagingOne in
                        try await two.running(handlers, split) { messagingTwo in
                            for round in 0..<4 {
                                await rig.publishByKey((0..<300).map { rig.message(round * 300 + $0, key: "k\($0 % 15)") })
                                try await rig.eventually { try await rig.count("seen") >= round * 300 + 50 }
                                if round % 2 == 0 { first.cut() } else { second.cut() }
                            }
                            try await rig.eventually(within: .seconds(60)) { try await rig.count("seen") >= 1_200 }
                            #expect(try await rig.count("seen") == 1_200)
                            let seen = try await rig.seen()
                            #expect(seen.count == 15)
                            for (key, values) in seen { #expect(values == values.sorted() && values.count == 80, "\(key)") }
                            // Both have had their turn.
                            #expect(messagingOne.snapshot().handled > 0 && messagingTwo.snapshot().handled > 0)
                            #expect(try await rig.count("parked") == 0)
                        }
                    }
                }
            }
        }
    }

    /// What a worker itself publishes carries the key. Fails when the relay leaves the header out: all would hash alike.
    @Test(arguments: TestBroker.allCases) func theRelayWritesTheKeyIntoTheHeader(_ broker: TestBroker) async throws {
        try await Rig.withPartitions(broker) { rig in
            var handlers = MessageHandlers()
            handlers.on(rawType: "thing.asked", topic: rig.topic) { envelope, context in
                try context.publish(rig.message(envelope.value, key: envelope.partitionKey, type: "thing.done"), to: rig.topic)
            }
            handlers.on(rawType: "thing.done", topic: rig.topic) { envelope, context in Rig.record(envelope, context) }
            let queues = (0..<Rig.partitions).map { "worker.\(rig.worker).\($0)" }
            let taken = Box<[String: Int]>([:])
            try await rig.running(handlers, split) { _ in
                await rig.publishByKey((0..<100).map { rig.message($0, key: "k\($0)", type: "thing.asked") })
                try await rig.eventually { try await rig.count("seen") == 100 }
            }
            // Drained. What is published now stays in the queues, where it can be counted.
            try await rig.messaging(handlers, split).declareTopology()
            try await rig.running(MessageHandlers(), { $0.partitions = 1 }) { messaging in
                for number in 0..<100 {
                    try await messaging.transact { try $0.publish(rig.message(number, key: "k\(number)"), to: rig.topic) }
                }
                try await rig.eventually { try await rig.count("outbox") == 0 }
            }
            for queue in queues { taken.update { $0[queue] = 0 } }
            for queue in queues {
                let count = try await rig.amqp.queueInfo(queue)?.messages ?? 0
                #expect(count > 0 && count < 100, "\(queue) holds \(count)")
            }
        }
    }
}
