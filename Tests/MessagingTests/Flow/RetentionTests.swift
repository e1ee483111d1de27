import Messaging
import Postgres
import Testing

@Suite(.timeLimit(.minutes(4)))
struct RetentionTests {
    /// Fails when the age is not looked at: everything would go.
    @Test func oldRowsGoAndYoungOnesStay() async throws {
        try await Rig.with { rig in
            try await rig.postgres.execute(
                """
                INSERT INTO inbox (message_id, received_at)
                SELECT gen_random_uuid(), now() - n * interval '1 day' / 500 FROM generate_series(1, 5000) n
                """)
            try await rig.postgres.execute(
                "INSERT INTO fences (key, created_at) SELECT n::text, now() - n * interval '1 day' FROM generate_series(1, 60) n")
            try await rig.postgres.execute(
                """
                INSERT INTO delivery_attempts (message_id, count, at)
                SELECT gen_random_uuid(), 1, now() - n * interval '1 day' FROM generate_series(1, 20) n
                """)
            try await rig.running(MessageHandlers(), { $0.retentionInterval = .milliseconds(20) }) { _ in
                try await rig.eventually {
                    try await rig.number(
                        """
                        SELECT (SELECT count(*) FROM inbox WHERE received_at < now() - interval '7 days')
                             + (SELECT count(*) FROM fences WHERE created_at < now() - interval '30 days')
                             + (SELECT count(*) FROM delivery_attempts WHERE at < now() - interval '7 days')
                        """) == 0
                }
                // Seven days of ten, thirty of sixty, six of twenty; the rows at the limit itself have gone.
                #expect(try await rig.count("inbox") == 3_499)
                #expect(try await rig.count("fences") == 29)
                #expect(try await rig.count("delivery_attempts") == 6)
            }
        }
    }
}
