import Messaging
import Postgres
import Testing

@Suite(.timeLimit(.minutes(4)))
struct RetentionChunkTests {
    /// 4,500 rows are five chunks, and the next sweep is a long time away. Fails when a sweep ends with its first chunk
    /// (`remove` in Retention): a worker that handles more than a thousand messages a minute would never catch up.
    @Test func oneSweepTakesAsManyChunksAsThereAre() async throws {
        try await Rig.with { rig in
            try await rig.postgres.execute(
                "INSERT INTO inbox (message_id, received_at) SELECT gen_random_uuid(), now() - interval '8 days' FROM generate_series(1, 4500)")
            let clock = ContinuousClock()
            let interval = Duration.seconds(6)
            try await rig.running(MessageHandlers(), { $0.retentionInterval = interval }) { _ in
                try await rig.eventually { try await rig.count("inbox") < 4_500 }
                let first = clock.now
                try await rig.eventually { try await rig.count("inbox") == 0 }
                // In chunks, so that no statement holds locks for long, but all in one sweep.
                #expect(clock.now - first < interval)
            }
        }
    }
}
