import AMQP
import Contracts
import Foundation
import Journal
import Messaging
import Postgres
import Servers
import TestSupport
import Testing

/// A process that records the journal is killed with SIGKILL at the places where the broker and the database can come to disagree.
///
/// The inbox is emptied between the runs, as if more than its seven days had passed: what then comes again is known to the journal
/// alone.
@Suite(.serialized)
struct KilledRecorderTests {
    static let events = 300

    /// Fails when the journal does not look for the event before it records it (`WHERE NOT EXISTS` in JournalRecord): the redelivered
    /// ones are parked by the unique index.
    @Test("between commit and acknowledgement: recorded once, gapless", arguments: [1, 4])
    func betweenCommitAndAcknowledge(passes: Int) async throws {
        try await survive("after-commit:\(passes)", recorded: true)
    }

    /// Fails when the output of a batch is not put into the order of delivery.
    @Test("inside the transaction: nothing is lost, and no position", arguments: [1, 4])
    func insideTheTransaction(passes: Int) async throws {
        try await survive("before-handlers:\(passes)", recorded: passes > 1)
    }

    private func survive(_ fault: String, recorded: Bool) async throws {
        let bench = try await FaultBench.make()
        let topic = "fault.journal.\(bench.worker)"
        try await Migrator(client: bench.postgres, historyTable: JournalSchema.historyTable, migrations: JournalSchema.migrations).migrate()
        try await bench.amqp.declare(
            AMQPTopology(
                exchanges: [.init(name: topic)],
                bindings: [.init(source: topic, destination: "worker.\(bench.worker)", routingKey: "#")]))
        let envelopes = (1...Self.events).map {
            Envelope(source: "/tests", type: "thing.done", partitionKey: "\($0 % 7)", sequence: Int64($0), data: Array("{ }".utf8))
        }
        let outcomes = await bench.amqp.publisher().publish(
            envelopes.map { OutgoingMessage(exchange: topic, routingKey: "thing.done", body: $0.encoded(), mandatory: true) })
        #expect(outcomes.allSatisfy { $0.isConfirmed })

        let killed = try bench.spawn(fault, records: topic)
        #expect(await killed.wait(atMost: .seconds(60)) == .signaled(9))
        let before = try await bench.postgres.query("SELECT count(*) FROM entries", as: Int.self)[0]
        #expect(before < Self.events && (before > 0) == recorded)
        try await bench.postgres.execute("DELETE FROM inbox")

        let child = try bench.spawn("none", records: topic)
        try await eventually("everything is recorded, and the queue is empty") {
            let queue = try await bench.amqp.queueInfo("worker.\(bench.worker)")
            return try await bench.postgres.query("SELECT count(*) FROM entries", as: Int.self) == [Self.events] && queue?.messages == 0
        }
        #expect(await child.stop(signal: SIGTERM, timeout: .seconds(30)) == .exited(0))
        let numbers = try await bench.postgres.query("SELECT sequence FROM entries ORDER BY position", as: Int.self)
        #expect(numbers == Array(1...Self.events))
        let positions = try await bench.postgres.query("SELECT position FROM entries ORDER BY position", as: Int.self)
        #expect(positions == Array(1...Self.events))
        #expect(try await bench.postgres.query("SELECT count(*) FROM parked", as: Int.self) == [0])
        let counts = try await JournalAudit.counts(bench.postgres)
        #expect(counts["gaps"] == 0 && counts["earlier"] == 0)
        _ = try await bench.amqp.delete(exchange: topic)
        try await bench.close()
    }
}
