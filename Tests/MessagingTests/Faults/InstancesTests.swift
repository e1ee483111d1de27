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

@Suite(.timeLimit(.minutes(5)))
struct InstancesTests {
    /// Two processes of one worker under load, the active one of which loses its broker now and then. Fails without
    /// x-single-active-consumer (WorkerTopology): the messages of one key are handled by two at once, out of order; and on the
    /// embedded broker when a connection's consumers leave before its messages come back (ChannelMachine.leaveQueues).
    @Test(arguments: TestBroker.allCases) func theOrderOfAKeyHoldsOverTwoProcesses(_ broker: TestBroker) async throws {
        try await Rig.with(broker) { rig in
            let first = try Proxy(to: try AMQPPort.of(rig.amqpURL))
            let second = try Proxy(to: try AMQPPort.of(rig.amqpURL))
            defer {
                first.close()
                second.close()
            }
            let runs = Box(0)
            let handlers = rig.recording { _, context in
                runs.update { $0 += 1 }
                try await context.db.execute("SELECT pg_sleep(0.0005)")
            }
            try await rig.elsewhere(amqpPort: first.port) { one in
                try await rig.elsewhere(amqpPort: second.port) { two in
                    try await one.running(handlers, { $0.batchSize = 50 }) { messagingOne in
                        try await two.running(handlers, { $0.batchSize = 50 }) { messagingTwo in
                            await rig.publish((0..<500).map { rig.message($0, key: "k\($0 % 5)") })
                            for round in 1...4 {
                                try await rig.eventually { try await rig.count("seen") >= round * 200 || round > 2 }
                                first.cut()
                                await rig.publish((0..<250).map { rig.message(250 + round * 250 + $0, key: "k\($0 % 5)") })
                                try await rig.eventually { try await rig.count("seen") >= round * 300 }
                                second.cut()
                            }
                            try await rig.eventually(within: .seconds(60)) { try await rig.count("seen") >= 1_500 }
                            #expect(try await rig.count("seen") == 1_500)
                            for (key, values) in try await rig.seen() { #expect(values == values.sorted(), "\(key)") }
                            // Both have had their turn.
                            #expect(messagingOne.snapshot().handled > 0 && messagingTwo.snapshot().handled > 0)
                            #expect(try await rig.count("parked") == 0)
                        }
                    }
                }
            }
        }
    }

    /// The active one of two processes loses its database, and nothing else. The other takes over where it has stopped, though the
    /// first had taken more than it could handle; and back. Fails when the messages without an answer stay with the first while its
    /// breaker is open (QueueConsumer.giveBack): they are not handled until its database is back, and the later ones overtake them.
    @Test(arguments: TestBroker.allCases) func theOtherTakesOverFromOneWithoutDatabase(_ broker: TestBroker) async throws {
        try await Rig.with(broker) { rig in
            let databases = try (0..<2).map { _ in try Proxy(to: try rig.databasePort) }
            defer { for database in databases { database.close() } }
            let small: (inout MessagingConfiguration) -> Void = {
                $0.batchSize = 20
                $0.prefetch = 60
                $0.breaker = .init(backoff: Backoff(initial: .milliseconds(5), maximum: .milliseconds(50)))
            }
            let handlers = rig.recording { _, context in try await context.db.execute("SELECT pg_sleep(0.0005)") }
            @Sendable func load(_ from: Int) async { await rig.publish((from..<(from + 300)).map { rig.message($0, key: "k\($0 % 7)") }) }
            try await rig.elsewhere(postgresPort: databases[0].port) { one in
                try await rig.elsewhere(postgresPort: databases[1].port) { two in
                    try await one.running(handlers, small) { first in
                        await load(0)
                        try await rig.eventually { first.snapshot().handled > 0 }
                        try await two.running(handlers, small) { second in
                            try await rig.eventually { try await rig.amqp.queueInfo("worker.\(rig.worker)")?.consumers == 2 }
                            for (round, active) in [first, second, first].enumerated() {
                                await load(300 * (2 * round + 1))
                                databases[round % 2].sever()
                                // What arrives makes the broker look whom to give messages to.
                                await load(300 * (2 * round + 2))
                                let total = 300 * (2 * round + 3)
                                try await rig.eventually(within: .seconds(30)) { try await rig.count("seen") >= total }
                                #expect(active.state.isBreakerOpen)
                                databases[round % 2].restore()
                                try await rig.eventually { !active.state.isBreakerOpen }
                                try await rig.eventually { try await rig.amqp.queueInfo("worker.\(rig.worker)")?.consumers == 2 }
                            }
                            #expect(try await rig.count("seen") == 2_100)
                            for (key, values) in try await rig.seen() { #expect(values == values.sorted(), "\(key)") }
                            #expect(try await rig.count("parked") == 0)
                            try await rig.eventually { try await rig.count("delivery_attempts") == 0 }
                        }
                    }
                }
            }
        }
    }

    /// What the process that does not publish has committed leaves soon: it tells the other. Fails without the NOTIFY in
    /// OutboxRelay.standBy, as the holder's poll is a minute here.
    @Test func theStandbyTellsTheHolder() async throws {
        try await Rig.with { rig in
            try await Tap.with(rig) { tap in
                try await rig.elsewhere { other in
                    let slow: (inout MessagingConfiguration) -> Void = { $0.relayPoll = .seconds(60) }
                    try await rig.running(MessageHandlers(), slow) { holder in
                        try await rig.eventually { holder.state.isRelaying }
                        try await other.running(MessageHandlers(), slow) { standby in
                            try await standby.transact { try $0.publish(rig.message(1, key: "k"), to: rig.topic) }
                            try await rig.eventually(within: .seconds(30)) { tap.envelopes.count == 1 }
                        }
                    }
                }
            }
        }
    }
}

enum AMQPPort {
    static func of(_ url: String) throws -> Int { try AMQPConfiguration(url: url).port }
}
