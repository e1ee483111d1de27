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

/// Connections that break at the worst moments. A process that is killed there looks the same to both servers.
@Suite(.timeLimit(.minutes(5)))
struct ConnectionFaultTests {
    private func port(_ url: String) throws -> Int { try AMQPConfiguration(url: url).port }

    /// Fails when the inbox does not deduplicate: every message of the batch is handled again.
    @Test(arguments: TestBroker.allCases) func betweenCommitAndAcknowledgement(_ broker: TestBroker) async throws {
        try await Rig.with(broker) { rig in
            let proxy = try Proxy(to: try port(rig.amqpURL))
            defer { proxy.close() }
            try await rig.elsewhere(amqpPort: proxy.port) { worker in
                let cuts = Box(0)
                let runs = Box(0)
                let handlers = rig.recording { _, _ in runs.update { $0 += 1 } }
                let messages = (0..<300).map { rig.message($0, key: "k\($0 % 7)") }
                try await rig.messaging(handlers).declareTopology()
                await rig.publish(messages)
                try await worker.running(
                    handlers,
                    {
                        $0.faults.afterCommit = {
                            // The commit is on disk; the acknowledgement will not arrive.
                            if cuts.update({ count in
                                defer { count += 1 }
                                return count < 3
                            }) {
                                proxy.cut()
                            }
                        }
                    }
                ) { messaging in
                    try await rig.eventually { try await rig.count("seen") == 300 }
                    try await rig.eventually(within: .seconds(40)) { try await rig.amqp.queueInfo("worker.\(rig.worker)")?.messages == 0 }
                    try await rig.eventually { messaging.snapshot().duplicates > 0 }
                    #expect(runs.value == 300)
                    #expect(try await rig.count("seen") == 300)
                    for (key, values) in try await rig.seen() { #expect(values == values.sorted(), "\(key)") }
                    try await rig.eventually { try await rig.count("delivery_attempts") == 0 }
                    #expect(try await rig.count("parked") == 0)
                }
            }
        }
    }

    /// The relay publishes again what it could not delete. Fails when rows are deleted before the confirm (then they may
    /// be lost) or when the receiver's inbox does not know them.
    @Test(arguments: TestBroker.allCases) func betweenConfirmAndTheDeletionFromTheOutbox(_ broker: TestBroker) async throws {
        try await Rig.with(broker) { rig in
            let proxy = try Proxy(to: try rig.databasePort)
            defer { proxy.close() }
            try await Tap.with(rig) { tap in
                try await rig.elsewhere(postgresPort: proxy.port) { worker in
                    let cuts = Box(0)
                    let messaging = worker.messaging(MessageHandlers()) {
                        $0.faults.afterConfirm = {
                            if cuts.update({ count in
                                defer { count += 1 }
                                return count < 2
                            }) {
                                proxy.cut()
                            }
                        }
                    }
                    for value in 0..<50 {
                        try await rig.messaging(MessageHandlers()).transact { context in
                            try context.publish(rig.message(value, key: "k"), to: rig.topic)
                        }
                    }
                    try await worker.run(messaging) { _ in
                        try await rig.eventually { try await rig.count("outbox") == 0 }
                        try await rig.eventually { tap.envelopes.count == 150 }
                        // The same ids, numbers and order each time.
                        let envelopes = tap.envelopes
                        for round in 0..<3 {
                            let part = envelopes[round * 50..<round * 50 + 50]
                            #expect(part.map(\.value) == Array(0..<50))
                            #expect(part.compactMap(\.sequence) == (1...50).map { Int64($0) })
                        }
                        #expect(Set(envelopes.map(\.id)).count == 50)
                    }
                }
            }
        }
    }

    /// Fails when a lost connection counts against the message that was running (Blame): after four it would be parked.
    @Test func aLostConnectionIsNotTheMessagesFault() async throws {
        try await Rig.with { rig in
            let runs = Box(0)
            let handlers = rig.recording { _, _ in
                let run = runs.update { runs in
                    runs += 1
                    return runs
                }
                if run <= 8 { throw PostgresError(code: .connectionClosed, message: "gone") }
            }
            try await rig.running(
                handlers,
                {
                    $0.breaker = .init(backoff: Backoff(initial: .milliseconds(5), maximum: .milliseconds(20)))
                }
            ) { messaging in
                await rig.publish([rig.message(1, key: "k")])
                try await rig.eventually { try await rig.count("seen") == 1 }
                #expect(messaging.snapshot().parked == 0)
                #expect(messaging.snapshot().breakerOpened >= 1)
                try await rig.eventually { !messaging.state.isBreakerOpen }
            }
        }
    }

    @Test func theDatabaseGoesAwayWhileMessagesAreHandled() async throws {
        try await Rig.with { rig in
            let proxy = try Proxy(to: try rig.databasePort)
            defer { proxy.close() }
            try await rig.elsewhere(postgresPort: proxy.port) { worker in
                let messages = (0..<2_000).map { rig.message($0, key: "k\($0 % 11)") }
                try await worker.running(rig.recording()) { messaging in
                    let publishing = Task { await rig.publish(messages) }
                    for cut in 1...4 {
                        let before = messaging.snapshot().handled
                        try await rig.eventually { messaging.snapshot().handled > before || before == 2_000 }
                        if cut == 2 {
                            proxy.sever()
                            try await rig.eventually { messaging.state.isBreakerOpen || messaging.snapshot().handled == 2_000 }
                            #expect(!messaging.state.isReady || messaging.snapshot().handled == 2_000)
                            proxy.restore()
                        } else {
                            proxy.cut()
                        }
                    }
                    await publishing.value
                    try await rig.eventually(within: .seconds(40)) { try await rig.count("seen") == 2_000 }
                    try await rig.eventually { !messaging.state.isBreakerOpen }
                    #expect(try await rig.count("parked") == 0)
                    for (key, values) in try await rig.seen() { #expect(values == values.sorted(), "\(key)") }
                    try await rig.eventually(within: .seconds(40)) { try await rig.amqp.queueInfo("worker.\(rig.worker)")?.messages == 0 }
                }
            }
        }
    }

    /// The kept batch is dropped when the broker has taken it back. Both go away, in both orders.
    @Test(arguments: TestBroker.allCases) func bothGoAway(_ broker: TestBroker) async throws {
        try await Rig.with(broker) { rig in
            let database = try Proxy(to: try rig.databasePort)
            let broker = try Proxy(to: try port(rig.amqpURL))
            defer {
                database.close()
                broker.close()
            }
            try await rig.elsewhere(postgresPort: database.port, amqpPort: broker.port) { worker in
                let messages = (0..<1_000).map { rig.message($0, key: "k\($0 % 11)") }
                try await worker.running(rig.recording()) { messaging in
                    try await rig.eventually { messaging.state.isReady }
                    database.sever()
                    await rig.publish(messages)
                    try await rig.eventually { messaging.state.isBreakerOpen }
                    broker.cut()
                    try await rig.eventually { worker.amqp.isConnected }
                    database.restore()
                    try await rig.eventually(within: .seconds(40)) { try await rig.count("seen") == 1_000 }
                    #expect(try await rig.count("parked") == 0)
                    for (key, values) in try await rig.seen() { #expect(values == values.sorted(), "\(key)") }
                    try await rig.eventually(within: .seconds(40)) { try await rig.amqp.queueInfo("worker.\(rig.worker)")?.messages == 0 }
                }
            }
        }
    }
}
