import Millrace
import ServiceLifecycle

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Removes commands that have long come to their end, a little at a time. A command without an outcome stays, however old:
/// somebody has to look at it.
struct CommandRetention: Service {
    let db: PostgresClient
    let logger: Logger
    /// How long after it was accepted a finished command can be asked for.
    let age: Duration
    /// How often old ones are looked for.
    var interval: Duration = .seconds(60)
    /// So many rows in one statement, so that none holds locks for long.
    static let chunk = 1_000

    /// - Throws: ``SettingsError`` when `MILLRACE_COMMAND_RETENTION_HOURS` (default 168, seven days) is not from 1 to 87600.
    static func age(_ settings: WorkerSettings) throws -> Duration {
        .seconds(3600 * (try settings.integer("MILLRACE_COMMAND_RETENTION_HOURS", default: 168, in: 1...87_600)))
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await sweep()
                } catch {
                    logger.debug("old commands were not removed", metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: interval)
            }
        }
    }

    private func sweep() async throws {
        while !Task.isCancelled {
            let limit = Date(timeIntervalSinceNow: -Double(age.components.seconds))
            // Ids grow with time, so the primary key finds the old ones, and the table needs no index that every command pays for.
            let removed = try await db.execute(
                """
                DELETE FROM commands WHERE id IN (
                    SELECT id FROM commands
                    WHERE id < \(UUID.v7(at: limit)) AND accepted_at < \(limit) AND status <> 'accepted'
                    ORDER BY id LIMIT \(Self.chunk))
                """
            ).affectedRows
            if removed < Self.chunk { return }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
