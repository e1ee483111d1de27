import Locking
import Millrace
import ServiceLifecycle

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Carries outcomes between instances of the edge: a request may wait in one process while the events that end its command are
/// handled in another.
///
/// An instance in which requests wait says so (`NOTIFY`, at most every 30 seconds); the others then name, after each commit, the
/// commands that have ended and are not their own, all of a batch in one notification. The waiting instance reads what has become of
/// them from the database. PostgreSQL keeps no notifications for those who are not connected, so it also looks once a second, while
/// requests wait. When nobody waits nothing at all is sent or read.
struct OutcomeNews: Sendable {
    let waiters: CommandWaiters<CommandOutcome>
    private let desk = Desk()

    private final class Desk: Sendable {
        struct State {
            /// Until when another instance may have requests that wait.
            var askedUntil: ContinuousClock.Instant?
            /// When this instance has said that requests wait.
            var askedAt: ContinuousClock.Instant?
            /// Commands that have ended, to be named.
            var ended: [UUID] = []
        }

        let state = Locked(State())
        let wake: AsyncStream<Void>
        private let source: AsyncStream<Void>.Continuation

        init() { (wake, source) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

        func signal() { source.yield() }
    }

    /// Distinguishes this process from the others.
    private let name = UUID().lowercased
    private static let validity: Duration = .seconds(60)
    private static let interval: Duration = .seconds(30)
    /// So many ids, 37 bytes each, fit into the 8,000 bytes of a notification.
    private static let chunk = 200

    init(waiters: CommandWaiters<CommandOutcome>) { self.waiters = waiters }

    /// A command has ended, and that is committed.
    func ended(_ command: UUID, _ outcome: CommandOutcome) {
        if waiters.resolve(command, outcome) { return }
        let isAsked = desk.state.withLock { state in
            guard let until = state.askedUntil, until > .now else { return false }
            state.ended.append(command)
            return true
        }
        if isAsked { desk.signal() }
    }

    /// A request is about to wait.
    func willWait() {
        let isDue = desk.state.withLock { state in
            if let last = state.askedAt, .now - last < Self.interval { return false }
            state.askedAt = .now
            return true
        }
        if isDue { desk.signal() }
    }

    /// What this worker runs.
    func service(_ services: WorkerServices) -> any Service { Runner(news: self, db: services.db, logger: services.logger) }

    // MARK: - Running

    private struct Runner: Service {
        let news: OutcomeNews
        let db: PostgresClient
        let logger: Logger

        func run() async throws {
            await cancelWhenGracefulShutdown {
                // Two edges with schemas of their own in one database have nothing to tell each other.
                guard let channel = await channel() else { return }
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { await send(on: channel) }
                    group.addTask { await listen(on: channel) }
                    group.addTask { await look() }
                }
            }
        }

        private func channel() async -> String? {
            while !Task.isCancelled {
                if let name = try? await db.query("SELECT 'millrace_edge_' || md5(current_schema())", as: String.self).first { return name }
                try? await Task.sleep(for: .milliseconds(200))
            }
            return nil
        }

        private func send(on channel: String) async {
            var asked: ContinuousClock.Instant?
            for await _ in news.desk.wake {
                let (askedAt, ended) = news.desk.state.withLock { state in
                    defer { state.ended = [] }
                    return (state.askedAt, state.ended)
                }
                var payloads = stride(from: 0, to: ended.count, by: OutcomeNews.chunk).map { start in
                    ended[start..<min(start + OutcomeNews.chunk, ended.count)].map(\.lowercased).joined(separator: ",")
                }
                if askedAt != asked {
                    asked = askedAt
                    payloads.append("waiting \(news.name)")
                }
                for payload in payloads {
                    do {
                        try await db.execute("SELECT pg_notify(\(channel)::text, \(payload)::text)")
                    } catch {
                        // Whoever waits looks by himself.
                        logger.debug("an outcome was not passed on", metadata: ["error": "\(error)"])
                    }
                }
            }
        }

        private func listen(on channel: String) async {
            for await notification in db.notifications(on: channel) {
                let words = notification.payload.split(separator: " ")
                if words.first == "waiting" {
                    guard words.last.map(String.init) != news.name else { continue }
                    news.desk.state.withLock { $0.askedUntil = .now + OutcomeNews.validity }
                } else {
                    let waited = Set(news.waiters.commands)
                    let ended = notification.payload.split(separator: ",").compactMap { UUID(uuidString: String($0)) }
                    await resolve(ended.filter(waited.contains))
                }
            }
        }

        private func look() async {
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                await resolve(news.waiters.commands)
            }
        }

        private func resolve(_ commands: [UUID]) async {
            guard !commands.isEmpty, !Task.isCancelled else { return }
            do {
                for row in try await db.query(EndedCommand.of(commands), as: EndedCommand.self) {
                    if let outcome = row.outcome { news.waiters.resolve(row.id, outcome) }
                }
            } catch {
                logger.debug("outcomes could not be read", metadata: ["error": "\(error)"])
            }
        }
    }
}
