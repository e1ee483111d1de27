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

@Suite(.timeLimit(.minutes(3)))
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
                            try await rig.eventually(within: .seconds(10)) { tap.envelopes.count == 1 }
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
