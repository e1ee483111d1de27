import AMQP
import Contracts
import Messaging
import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(4)))
struct OutboxTests {
    /// Fails when a returned message counts as published (RelayLedger), or when the messages of its key do not wait for it
    /// (RelayStatements.nextBehindRefused).
    @Test(arguments: TestBroker.allCases) func aCommandThatNoQueueTakesWaitsAndHoldsUpItsKeyOnly(_ broker: TestBroker) async throws {
        try await Rig.with(broker) { rig in
            let type = "do.\(rig.worker)"
            let messaging = rig.messaging(MessageHandlers())
            try await Tap.with(rig) { tap in
                try await rig.run(messaging) { _ in
                    try await messaging.transact { context in
                        try context.publish(rig.message(1, key: "a", type: type), to: WellKnown.commandsExchange)
                    }
                    try await rig.eventually { try await rig.number("SELECT max(attempts) FROM outbox") >= 1 }
                    try await messaging.transact { context in
                        try context.publish(rig.message(2, key: "a"), to: rig.topic)
                        try context.publish(rig.message(3, key: "b"), to: rig.topic)
                    }
                    try await rig.eventually { tap.envelopes.count >= 1 }
                    // Several more tries pass.
                    try await rig.eventually { try await rig.number("SELECT max(attempts) FROM outbox") >= 3 }
                    #expect(tap.envelopes.map(\.value) == [3])
                    #expect(try await rig.count("outbox") == 2)
                    try await Tap.with(rig, exchange: WellKnown.commandsExchange, routingKey: type) { commands in
                        try await rig.eventually { tap.envelopes.count >= 2 && commands.envelopes.count >= 1 }
                        #expect(commands.envelopes.map(\.value) == [1])
                        #expect(tap.envelopes.map(\.value) == [3, 2])
                        try await rig.eventually { try await rig.count("outbox") == 0 }
                    }
                }
            }
        }
    }

    /// Fails when an exchange that was there once counts as there for ever (OutboxFeed.missingExchanges).
    @Test(arguments: TestBroker.allCases) func anExchangeThatWasDeletedIsDeclaredAgain(_ broker: TestBroker) async throws {
        try await Rig.with(broker) { rig in
            let messaging = rig.messaging(MessageHandlers())
            try await rig.run(messaging) { _ in
                for value in 1...2 {
                    try await messaging.transact { try $0.publish(rig.message(value, key: "a"), to: rig.topic) }
                    try await rig.eventually { try await rig.count("outbox") == 0 }
                    try await rig.amqp.delete(exchange: rig.topic)
                }
            }
        }
    }

    /// What receivers that are no workers, and the tools of a broker, know a message by, whether it was published from memory or read.
    /// Fails when RelayRow.make leaves any of them out.
    @Test(arguments: TestBroker.allCases) func theBrokerIsToldWhatAMessageIs(_ broker: TestBroker) async throws {
        try await Rig.with(broker) { rig in
            let queue = "look.\(rig.worker)"
            try await rig.amqp.declare(
                AMQPTopology(
                    exchanges: [.init(name: rig.topic, kind: "topic")], queues: [.init(name: queue)],
                    bindings: [.init(source: rig.topic, destination: queue, routingKey: "#")]))
            let messaging = rig.messaging(MessageHandlers())
            try await rig.run(messaging) { _ in
                for value in 1...3 {
                    let message = rig.message(value, key: value == 3 ? nil : "k")
                    try await messaging.transact { try $0.publish(message, to: rig.topic) }
                    let box = Box<Delivery?>(nil)
                    try await rig.eventually {
                        let delivery = try await rig.amqp.get(queue: queue)
                        box.update { $0 = delivery }
                        return delivery != nil
                    }
                    let properties = try #require(box.value).properties
                    #expect(properties.messageID == message.id.lowercased)
                    #expect(properties.type == "thing.done")
                    #expect(properties.contentType == "application/cloudevents+json")
                    #expect(properties.deliveryMode == .persistent)
                    #expect(properties.headers["partitionkey"] == (value == 3 ? nil : .string("k")))
                }
            }
            _ = try await rig.amqp.delete(queue: queue)
        }
    }

    /// A read that is under way does not see what commits now, and finds nothing. Fails when nobody sends what was handed over
    /// meanwhile before the next poll (OutboxFeed.endRead).
    @Test func whatIsHandedOverDuringAnEmptyReadIsSentAfterIt() async throws {
        try await Rig.with { rig in
            let type = "do.\(rig.worker)"
            let messaging = rig.messaging(MessageHandlers()) { $0.relayPoll = .seconds(60) }
            try await Tap.with(rig, exchange: WellKnown.commandsExchange, routingKey: type) { tap in
                try await rig.run(messaging) { _ in
                    func send(_ value: Int) async throws {
                        try await messaging.transact {
                            try $0.publish(rig.message(value, key: "a", type: type), to: WellKnown.commandsExchange)
                        }
                    }
                    for value in 1...3 {
                        try await send(value)
                        try await rig.eventually { tap.envelopes.count == value }
                    }
                    // Reads take half a second from now on, after they have looked.
                    try await rig.postgres.execute("ALTER TABLE outbox_sequence RENAME TO numbers")
                    try await rig.postgres.execute(
                        "CREATE VIEW outbox_sequence AS SELECT source, last FROM numbers WHERE EXISTS (SELECT FROM pg_sleep(0.5))")
                    messaging.wakeRelay()
                    // Of this schema: others sleep, too.
                    try await rig.eventually {
                        try await rig.number(
                            """
                            SELECT count(*) FROM pg_stat_activity JOIN pg_locks USING (pid)
                            WHERE wait_event = 'PgSleep' AND relation = 'numbers'::regclass
                            """) > 0
                    }
                    try await send(4)
                    try await rig.eventually { tap.envelopes.count == 4 }
                }
            }
        }
    }

    /// Fails when the relay keeps a cursor: the transaction that commits late has the lower id.
    @Test(arguments: TestBroker.allCases) func aTransactionThatCommitsLateIsNotSkipped(_ broker: TestBroker) async throws {
        try await Rig.with(broker) { rig in
            try await Tap.with(rig, exchange: WellKnown.commandsExchange, routingKey: "do.\(rig.worker)") { tap in
                let messaging = rig.messaging(MessageHandlers())
                try await rig.run(messaging) { _ in
                    let type = "do.\(rig.worker)"
                    try await rig.postgres.withTransaction { late in
                        let first = rig.message(1, key: "a", type: type)
                        try await late.execute(
                            """
                            INSERT INTO outbox (message_id, exchange, routing_key, partition_key, payload)
                            VALUES (\(first.id), 'commands', \(type), 'a', \(first.encoded()))
                            """)
                        try await messaging.transact { context in
                            try context.publish(rig.message(2, key: "b", type: type), to: WellKnown.commandsExchange)
                        }
                        try await rig.eventually { tap.envelopes.count == 1 }
                    }
                    messaging.wakeRelay()
                    try await rig.eventually { tap.envelopes.count == 2 }
                    #expect(tap.envelopes.map(\.value) == [2, 1])
                }
            }
        }
    }

    /// The transaction that is open has the higher transaction id and the lower row, so the snapshot of the read that finds the hole
    /// does not know it. Fails with `pg_snapshot_xmax` as the bound of the hole (RelayStatements.next): 13 overtakes 10, of its key.
    @Test func aTransactionThatBeganBehindTheLastThatEndedIsWaitedFor() async throws {
        try await Rig.with { rig in
            let type = "do.\(rig.worker)"
            let messaging = rig.messaging(MessageHandlers()) { $0.relayPoll = .seconds(60) }
            func insert(_ value: Int, key: String) -> SQL {
                let message = rig.message(value, key: key, type: type)
                return """
                    INSERT INTO outbox (message_id, exchange, routing_key, partition_key, payload)
                    VALUES (\(message.id), 'commands', \(type), \(key), \(message.encoded()))
                    """
            }
            func send(_ value: Int, key: String) async throws {
                try await messaging.transact {
                    try $0.publish(rig.message(value, key: key, type: type), to: WellKnown.commandsExchange)
                }
            }
            try await Tap.with(rig, exchange: WellKnown.commandsExchange, routingKey: type) { tap in
                try await rig.run(messaging) { _ in
                    for value in 1...3 {
                        try await send(value, key: "other")
                        try await rig.eventually { tap.envelopes.count == value }
                    }
                    try await rig.postgres.withTransaction { late in
                        try await rig.postgres.withTransaction { early in
                            try await early.execute("SELECT pg_current_xact_id()::text")
                            try await late.execute("SELECT pg_current_xact_id()::text")
                            try await late.execute(insert(10, key: "k"))
                            try await early.execute(insert(11, key: "other"))
                        }
                        messaging.wakeRelay()
                        try await rig.eventually { tap.envelopes.count == 4 }
                        // One more read.
                        try await send(12, key: "other")
                        try await rig.eventually { tap.envelopes.count == 5 }
                    }
                    try await send(13, key: "k")
                    try await rig.eventually { tap.envelopes.count == 7 }
                    #expect(tap.envelopes.map(\.value) == [1, 2, 3, 11, 12, 10, 13])
                }
            }
        }
    }

    /// Fails without the advisory lock (OutboxRelay.standBy): both publish, and everything comes twice.
    @Test(arguments: TestBroker.allCases) func ofTwoProcessesOnePublishesAndTheOtherTakesOver(_ broker: TestBroker) async throws {
        try await Rig.with(broker) { rig in
            try await Tap.with(rig) { tap in
                try await rig.elsewhere { other in
                    let standby = other.messaging(MessageHandlers())
                    try await rig.running(MessageHandlers()) { leader in
                        try await rig.eventually { leader.state.isRelaying }
                        try await other.run(standby) { _ in
                            for value in 0..<200 {
                                let messaging = value % 2 == 0 ? leader : standby
                                try await messaging.transact { context in
                                    try context.publish(rig.message(value, key: "k"), to: rig.topic)
                                }
                            }
                            try await rig.eventually { tap.envelopes.count >= 200 }
                            #expect(tap.envelopes.map(\.value) == Array(0..<200))
                            #expect(!standby.state.isRelaying)
                            #expect(standby.snapshot().published == 0)
                        }
                    }
                    let successor = other.messaging(MessageHandlers())
                    try await other.run(successor) { _ in
                        try await rig.eventually { successor.state.isRelaying }
                        try await successor.transact { context in
                            try context.publish(rig.message(200, key: "k"), to: rig.topic)
                        }
                        try await rig.eventually { tap.envelopes.count == 201 }
                    }
                }
            }
        }
    }
}
