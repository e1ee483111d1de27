import Contracts
import Foundation
import Postgres
import TestSupport
import Testing

extension Workers {
    @Suite("old commands of the edge")
    struct CommandRetentionTests {
        private func insert(_ db: PostgresClient, _ count: Int, daysAgo: Double, status: String) async throws {
            let time = Date(timeIntervalSinceNow: -daysAgo * 86_400)
            let ids = (0..<count).map { _ in UUID.v7(at: time) }
            try await db.execute(
                """
                INSERT INTO commands (id, type, subject, status, accepted_at, finished_at)
                SELECT id, 'order.place', 's', \(status), \(time), \(status == "accepted" ? nil : time) FROM unnest(\(ids)) AS id
                """)
        }

        /// Fails when the age is not looked at (the younger ones go too), when the next thousand is not looked for (2,500 would take
        /// three minutes), and when an unfinished command goes.
        @Test("those that ended more than a week ago are removed; unfinished and younger ones stay")
        func retention() async throws {
            let worker = try await WorkerUnderTest("edge")
            try await worker.command("prepare")
            let db = try worker.database()
            try await insert(db, 2_500, daysAgo: 7.5, status: "succeeded")
            try await insert(db, 300, daysAgo: 30, status: "failed")
            try await insert(db, 20, daysAgo: 30, status: "accepted")
            try await insert(db, 40, daysAgo: 6.5, status: "succeeded")
            try await worker.run()
            try await eventually("the old ones are gone") {
                try await db.query(
                    "SELECT count(*) FROM commands WHERE status <> 'accepted' AND accepted_at < now() - interval '7 days'", as: Int.self)
                    == [0]
            }
            #expect(try await db.query("SELECT count(*) FROM commands WHERE status <> 'accepted'", as: Int.self) == [40])
            #expect(try await db.query("SELECT count(*) FROM commands WHERE status = 'accepted'", as: Int.self) == [20])
            await db.close()
            #expect(await worker.stop() == 0)
        }

        @Test("the age can be set, in whole hours")
        func age() async throws {
            let worker = try await WorkerUnderTest("edge", environment: ["MILLRACE_COMMAND_RETENTION_HOURS": "1"])
            try await worker.command("prepare")
            let db = try worker.database()
            try await insert(db, 5, daysAgo: 0.1, status: "succeeded")
            try await insert(db, 5, daysAgo: 0.01, status: "succeeded")
            try await worker.run()
            try await eventually("the old ones are gone") { try await db.query("SELECT count(*) FROM commands", as: Int.self) == [5] }
            await db.close()
            #expect(await worker.stop() == 0)
            let wrong = try await WorkerUnderTest("edge", environment: ["MILLRACE_COMMAND_RETENTION_HOURS": "0"])
            await #expect(throws: WorkerUnderTest.Failure.self) { try await wrong.command("prepare") }
        }
    }
}
