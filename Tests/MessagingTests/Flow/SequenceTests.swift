import Contracts
import Messaging
import Postgres
import Testing

@Suite(.timeLimit(.minutes(4)))
struct SequenceTests {
    /// Fails when numbers come from a PostgreSQL sequence (gaps after rollbacks), or are given before the end of the
    /// transaction without its lock (out of the order of commits).
    @Test func numbersHaveNoGapsUnderConcurrencyAndRollbacks() async throws {
        try await Rig.with { rig in
            try await Tap.with(rig) { tap in
                try await rig.running(MessageHandlers()) { messaging in
                    let committed = Box(0)
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for task in 0..<6 {
                            group.addTask {
                                for round in 0..<40 {
                                    do {
                                        try await messaging.transact { context in
                                            try context.publish(rig.message(task * 100 + round, key: "k\(task)"), to: rig.topic)
                                            try context.publish(rig.message(-1, key: "k\(task)"), to: rig.topic)
                                            if round % 4 == 1 { throw TestFailure() }
                                            // Fails at the commit, after the numbers were given.
                                            if round % 4 == 3 { context.db.enqueue("SELECT 1 / (random() * 0)::int") }
                                        }
                                        committed.update { $0 += 2 }
                                    } catch {}
                                }
                            }
                        }
                        try await group.waitForAll()
                    }
                    #expect(committed.value == 6 * 20 * 2)
                    try await rig.eventually { tap.envelopes.count >= committed.value }
                    #expect(tap.envelopes.compactMap(\.sequence) == (1...committed.value).map { Int64($0) })
                    for task in 0..<6 {
                        let values = tap.envelopes.map(\.value).filter { $0 >= 0 && $0 / 100 == task }
                        #expect(values == values.sorted())
                    }
                    #expect(try await rig.number("SELECT last FROM outbox_sequence") == committed.value)
                }
            }
        }
    }

    /// Fails when a transaction with commands alone takes the lock of the numbers: then it waits for the open one.
    @Test func commandsAreNotNumberedAndDoNotWait() async throws {
        try await Rig.with { rig in
            let messaging = rig.messaging(MessageHandlers())
            try await messaging.transact { context in
                try context.publish(rig.message(1, key: "k"), to: rig.topic)
                context.db.enqueue("SELECT 1")
            }
            try await rig.postgres.withTransaction { transaction in
                try await transaction.execute("SELECT last FROM outbox_sequence FOR UPDATE")
                try await messaging.transact { context in
                    try context.publish(rig.message(2, key: "k", type: "thing.do"), to: WellKnown.commandsExchange)
                }
            }
            #expect(try await rig.number("SELECT count(*) FROM outbox WHERE sequence IS NULL") == 1)
            #expect(try await rig.number("SELECT last FROM outbox_sequence") == 1)
        }
    }
}
