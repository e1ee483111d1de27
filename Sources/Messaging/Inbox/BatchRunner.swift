import Contracts
import Logging
import Postgres

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Handles messages in one transaction: inbox, handlers, outbox, timers, parking behind.
struct BatchRunner: Sendable {
    let core: MessagingCore

    /// What a transaction did.
    struct Result: Sendable {
        var plan: BatchPlan
        var output: OutputCollector.Output
    }

    /// Handles the messages and commits. On return everything about them is on disk and they can be acknowledged.
    ///
    /// - Parameters:
    ///   - attempt: which run this is, for the handlers.
    ///   - clear: the ids whose crash counts are taken back with the commit.
    /// - Throws: ``HandlerFailure``, ``PostgresError``; then nothing has happened.
    func handle(_ messages: [IncomingMessage], attempt: Int, clear: [UUID]) async throws {
        let result = try await core.postgres.withTransaction { transaction in
            try await run(messages, attempt: attempt, clear: clear, in: transaction)
        }
        core.configuration.faults.afterCommit?()
        count(result.plan)
        core.committed(result.output)
    }

    private func run(
        _ messages: [IncomingMessage], attempt: Int, clear: [UUID], in transaction: PostgresTransaction
    ) async throws -> Result {
        let plan = try await plan(messages, in: transaction)
        var items: [LaneItem?] = []
        items.reserveCapacity(messages.count)
        for (message, verdict) in zip(messages, plan.verdicts) {
            guard verdict == .run, let envelope = message.envelope else {
                items.append(nil)
                continue
            }
            items.append(
                LaneItem(envelope, exchange: message.delivery.exchange, attempt: attempt, handlers: core.handlers))
        }
        core.configuration.faults.beforeHandlers?()
        let lanes = LaneRunner(source: core.configuration.source, transaction: transaction)
        let output = try await lanes.run(items, lanes: plan.lanes)
        leave(plan, messages, clear: clear, in: transaction)
        core.write(output, to: transaction)
        return Result(plan: plan, output: output)
    }

    /// Asks the database about the messages, in one flight that also begins the transaction.
    private func plan(_ messages: [IncomingMessage], in transaction: PostgresTransaction) async throws -> BatchPlan {
        var keys: Set<String> = []
        var steps: [String] = []
        for message in messages {
            if let key = message.key { keys.insert(key) }
            if let fence = message.fence, !fence.isCompensation { steps.append(fence.key) }
        }
        var statements = [InboxStatements.record(messages.map(\.id)), InboxStatements.parkedKeys(Array(keys))]
        if !steps.isEmpty { statements.append(InboxStatements.fences(steps)) }
        let answers = try await transaction.pipeline(statements)
        var fresh: Set<UUID> = []
        fresh.reserveCapacity(messages.count)
        for row in answers[0] { fresh.insert(try row.decode(UUID.self, at: 0)) }
        let parked = try answers[1].map { try $0.decode(String.self, at: 0) }
        let fenced = steps.isEmpty ? [] : try answers[2].map { try $0.decode(String.self, at: 0) }
        return BatchPlan(items: messages.map(\.planItem), fresh: fresh, parkedKeys: Set(parked), fenced: Set(fenced))
    }

    /// Sends what the batch leaves behind beside the handlers' own.
    private func leave(
        _ plan: BatchPlan, _ messages: [IncomingMessage], clear: [UUID], in transaction: PostgresTransaction
    ) {
        for (message, verdict) in zip(messages, plan.verdicts) {
            switch verdict {
            case .parkBehind: transaction.enqueue(ParkedStatements.insert(message, status: .waiting))
            case .parkRaw: transaction.enqueue(ParkedStatements.insertRaw(message))
            case .run, .duplicate, .fenced: break
            }
        }
        if !plan.fences.isEmpty { transaction.enqueue(InboxStatements.addFences(plan.fences)) }
        if !clear.isEmpty { transaction.enqueue(InboxStatements.clearCounts(clear)) }
    }

    private func count(_ plan: BatchPlan) {
        var (handled, duplicates, fenced, parked) = (0, 0, 0, 0)
        for verdict in plan.verdicts {
            switch verdict {
            case .run: handled += 1
            case .duplicate: duplicates += 1
            case .fenced: fenced += 1
            case .parkBehind, .parkRaw: parked += 1
            }
        }
        core.counters.update {
            $0.batches += 1
            $0.handled += handled
            $0.duplicates += duplicates
            $0.fenced += fenced
            $0.parked += parked
        }
        if fenced > 0 {
            core.logger.notice(
                "refused steps that were compensated before they arrived", metadata: ["count": "\(fenced)"])
        }
    }

    /// Parks a message whose run failed, and records it in the inbox, in one transaction. Its successors of the same key
    /// find it there.
    ///
    /// - Parameter delay: until the next run; nil gives it to an operator.
    func park(
        _ message: IncomingMessage, _ failure: FailureDescription, delay: Duration?, clear: [UUID]
    ) async throws {
        let isNew = try await core.postgres.withTransaction { transaction in
            // Another process may have handled it meanwhile, if this one has lost its place as the active consumer.
            guard try await !transaction.execute(InboxStatements.record([message.id])).isEmpty else { return false }
            transaction.enqueue(
                ParkedStatements.insert(
                    message, status: delay == nil ? .failed : .retrying, delay: delay, failure: failure))
            if !clear.isEmpty { transaction.enqueue(InboxStatements.clearCounts(clear)) }
            return true
        }
        guard isNew else { return core.counters.update { $0.duplicates += 1 } }
        core.counters.update { $0.parked += 1 }
        core.logger.error(
            "parked a message",
            metadata: [
                "id": "\(message.id)", "type": "\(message.envelope?.type ?? message.delivery.routingKey)",
                "key": "\(message.key ?? "-")", "error": "\(failure.message)", "place": "\(failure.place)",
                "fingerprint": "\(failure.fingerprint)", "next": "\(delay.map { "in \($0)" } ?? "operator")",
            ])
    }
}
