import AMQP
import Contracts
import Messaging
import Postgres
import Servers
import TestSupport
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Servers that are killed under load, real ones, of the test's own.
@Suite(.timeLimit(.minutes(4)), .serialized)
struct ServerRestartTests {
    /// A worker that answers each message, with the answers read from outside.
    private func load(_ rig: Rig, _ disturb: (Messaging) async throws -> Void) async throws {
        var handlers = MessageHandlers()
        handlers.on(rawType: "thing.asked", topic: rig.topic) { envelope, context in
            Rig.record(envelope, context)
            try context.publish(
                rig.message(envelope.value, key: envelope.partitionKey, type: "thing.answered"), to: rig.topic)
        }
        let count = 3_000
        try await Tap.with(rig, routingKey: "thing.answered") { tap in
            try await rig.running(handlers) { messaging in
                let publishing = Task {
                    for part in 0..<count / 50 {
                        var left = (0..<50).map { rig.message(part * 50 + $0, key: "k\($0 % 13)", type: "thing.asked") }
                        while !left.isEmpty {
                            let outcomes = await rig.publisher.publish(
                                left.map {
                                    OutgoingMessage(exchange: rig.topic, routingKey: $0.type, body: $0.encoded(), mandatory: true)
                                })
                            // Everything that follows an unconfirmed one is sent again too, to keep the order.
                            left = Array(
                                left.drop { [sent = left] message in
                                    let index = sent.firstIndex { $0.id == message.id } ?? 0
                                    return index < outcomes.count && outcomes[index].isConfirmed
                                })
                            if !left.isEmpty { try await Task.sleep(for: .milliseconds(50)) }
                        }
                    }
                }
                try await rig.eventually { messaging.snapshot().handled > 200 }
                try await disturb(messaging)
                try await publishing.value
                try await rig.eventually(within: .seconds(90)) { (try? await rig.count("seen")) == count }
                try await rig.eventually(within: .seconds(60)) { Set(tap.envelopes.map(\.id)).count == count }
                for (key, values) in try await rig.seen() {
                    #expect(values.count == Set(values).count, "\(key)")
                    #expect(values == values.sorted(), "\(key)")
                }
                #expect(Set(tap.envelopes.compactMap(\.sequence)) == Set((1...count).map { Int64($0) }))
                #expect(try await rig.count("parked") == 0)
                try await rig.eventually { try await rig.count("outbox") == 0 }
            }
        }
    }

    @Test func theDatabaseIsKilledUnderLoad() async throws {
        let server = try await PrivatePostgres.temporary()
        let url = await server.tcpURL()
        try await Rig.with(postgresURL: url) { rig in
            try await load(rig) { messaging in
                for _ in 0..<2 {
                    let before = messaging.snapshot().handled
                    await server.kill()
                    try await server.start()
                    try await rig.eventually { messaging.snapshot().handled > before || before == 3_000 }
                }
            }
        }
        await server.remove()
    }

    @Test(arguments: TestBroker.allCases) func theBrokerIsKilledUnderLoad(_ broker: TestBroker) async throws {
        try await broker.withOwn { server in
            try await Rig.with(amqpURL: server.url) { rig in
                try await load(rig) { _ in
                    await server.kill()
                    try await server.start()
                }
            }
        }
    }
}
