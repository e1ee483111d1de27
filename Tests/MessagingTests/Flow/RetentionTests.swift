import Messaging
import Postgres
import Testing

@Suite(.timeLimit(.minutes(2)))
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
                // Seven days of ten, thirty of sixty, six of twenty; the rows at the limit itself have gone.
                try await rig.eventually { try await rig.count("inbox") == 3_499 }
                try await rig.eventually { try await rig.count("fences") == 29 }
                try await rig.eventually { try await rig.count("delivery_attempts") == 6 }
            }
        }
    }
}
