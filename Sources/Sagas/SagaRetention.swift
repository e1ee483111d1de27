public import Logging
public import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Removes instances that have long come to their end, with their timelines, a little at a time. An instance without an end stays,
/// however old: somebody has to look at it.
///
/// What is removed here is what the operators' view loses; the order's own events, and later the journal, keep the facts. Instances
/// that were started by events whose ids are not UUID version 7 are left to ``SagaStore/purge(finishedBefore:)``.
public struct SagaRetention: Sendable {
    /// 30 days: as long as a fence keeps a late step out.
    public static let defaultAge: Duration = .seconds(30 * 86_400)

    private let store: SagaStore
    private let age: Duration
    private let interval: Duration
    private let logger: Logger

    /// - Parameters:
    ///   - postgres: a client whose search path is the worker's schema.
    ///   - age: how long after its end an instance can be looked at. Keep it above the inbox's retention: an instance that is gone
    ///     does not keep its event from starting another.
    ///   - interval: how often old ones are looked for.
    public init(
        postgres: PostgresClient, age: Duration = defaultAge, interval: Duration = .seconds(60),
        logger: Logger = Logger(label: "millrace.sagas")
    ) {
        store = SagaStore(postgres: postgres)
        self.age = age
        self.interval = interval
        self.logger = logger
    }

    /// Runs until the task is cancelled.
    public func run() async {
        while !Task.isCancelled {
            do {
                try await sweep()
            } catch {
                logger.debug("old sagas were not removed", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: interval)
        }
    }

    private func sweep() async throws {
        while !Task.isCancelled {
            let limit = Date(timeIntervalSinceNow: -Double(age.components.seconds))
            if try await store.purgeChunk(finishedBefore: limit, startedBefore: limit) < SagaStore.purgeChunk { return }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
