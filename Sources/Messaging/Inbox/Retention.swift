import Logging
import Postgres

/// Removes what is older than it needs to be, a little at a time.
struct Retention: Sendable {
    let core: MessagingCore
    /// So many rows in one statement.
    static let chunk = 1_000

    func run() async {
        while !core.stop.isSet {
            await core.retentionWake.wait(upTo: core.configuration.retentionInterval)
            if core.stop.isSet { return }
            do {
                try await sweep()
            } catch {
                core.logger.debug("old rows were not removed", metadata: ["error": "\(error)"])
            }
        }
    }

    func sweep() async throws {
        let inbox = core.configuration.inboxRetention.seconds
        try await remove {
            """
            DELETE FROM inbox WHERE message_id IN (
                SELECT message_id FROM inbox WHERE received_at < now() - \(inbox)::float8 * interval '1 second'
                ORDER BY received_at LIMIT \(Self.chunk))
            """
        }
        try await remove {
            """
            DELETE FROM delivery_attempts WHERE message_id IN (
                SELECT message_id FROM delivery_attempts WHERE at < now() - \(inbox)::float8 * interval '1 second'
                LIMIT \(Self.chunk))
            """
        }
        try await remove {
            """
            DELETE FROM discarded WHERE message_id IN (
                SELECT message_id FROM discarded WHERE discarded_at < now() - \(inbox)::float8 * interval '1 second'
                LIMIT \(Self.chunk))
            """
        }
        let fences = core.configuration.fenceRetention.seconds
        try await remove {
            """
            DELETE FROM fences WHERE key IN (
                SELECT key FROM fences WHERE created_at < now() - \(fences)::float8 * interval '1 second'
                ORDER BY created_at LIMIT \(Self.chunk))
            """
        }
    }

    private func remove(_ statement: () -> SQL) async throws {
        while !core.stop.isSet {
            let removed = try await core.postgres.execute(statement()).affectedRows
            if removed < Self.chunk { return }
            await core.retentionWake.wait(upTo: .milliseconds(50))
        }
    }
}

extension Duration {
    /// In seconds.
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
