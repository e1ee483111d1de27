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

    /// Handles the messages and commits. On return everything about them is on disk and they can be acknowledged.
    ///
    /// - Parameters:
    ///   - runs: how often they have failed before; tells the handlers which run this is, and counts those that fail.
    ///   - clear: the ids whose crash counts are taken back with the commit.
    /// - Throws: ``HandlerFailure``, ``PostgresError``; then nothing has happened.
    func handle(_ messages: [IncomingMessage], _ runs: inout FailedRuns, clear: [UUID]) async throws {
        var done: BatchPlan?
        let areNew = messages.allSatisfy { message in
            !message.delivery.redelivered && message.request == nil && runs.count(of: message.id) == 0
        }
        if areNew, clear.isEmpty { done = try await handleEagerly(messages, &runs) }
        if done == nil { done = try await handleWithCare(messages, &runs, clear: clear) }
        guard let done else { return }
        count(done)
        for (message, verdict) in zip(messages, done.verdicts) where verdict == .refuse { report(message) }
    }

    private func handleWithCare(
        _ messages: [IncomingMessage], _ runs: inout FailedRuns, clear: [UUID]
    ) async throws -> BatchPlan? {
        let before = runs
        do {
            return try await core.transaction { transaction in
                let plan = try await plan(messages, in: transaction)
                return try await run(messages, plan, before, clear: clear, in: transaction)
            }
        } catch {
            if !isNobodysFault(error) { runs.count(error, of: messages) }
            throw error
        }
    }

    /// Handles messages on the assumption that all are new and none must wait, which is nearly always so: what would tell
    /// goes out in the flight of the handlers' first statements, and fails it if the assumption is wrong.
    ///
    /// Whatever fails is done again with care, for a handler may have failed because its message is not new. It has run, though, and
    /// that counts.
    ///
    /// - Returns: nil if nothing has happened.
    private func handleEagerly(
        _ messages: [IncomingMessage], _ runs: inout FailedRuns
    ) async throws -> BatchPlan? {
        guard messages.allSatisfy(isEager) else { return try await handleAssuming(messages, &runs) }
        let ids = messages.map(\.id)
        let plan = BatchPlan(items: messages.map(\.planItem), fresh: Set(ids), parkedKeys: [], fenced: [])
        guard plan.verdicts.allSatisfy({ $0 == .run }) else { return nil }
        let (marks, before) = (Marks(messages), runs)
        do {
            return try await core.transaction { transaction in
                recordNew(ids, marks, in: transaction)
                transaction.sendAhead()
                return try await run(
                    messages, plan, before, isEager: true, mayAssume: mayAssume(plan), in: transaction)
            }
        } catch {
            if isNobodysFault(error) { throw error }
            if !Blame.isRefusal(error) { runs.count(error, of: messages) }
            core.logger.debug("messages are handled again with care", metadata: ["reason": "\(error)"])
            return nil
        }
    }

    /// Records messages, and fails if any was known or must wait.
    private func recordNew(_ ids: [UUID], _ marks: Marks, in transaction: PostgresTransaction) {
        if ids.count == 1, marks.lock == nil, let key = marks.keys.first {
            return transaction.enqueue(InboxStatements.recordNew(ids[0], key: key))
        }
        transaction.enqueue(InboxStatements.recordNew(ids))
        if let lock = marks.lock { transaction.enqueue(lock) }
        if !marks.keys.isEmpty || !marks.steps.isEmpty {
            transaction.enqueue(InboxStatements.checkNone(keys: marks.keys, steps: marks.steps))
        }
    }

    /// Handles messages that are known to be new, but lets their handlers assume what is nearly always so. Their handlers run again
    /// only if that was refused: they may call others.
    ///
    /// - Returns: nil if nothing has happened.
    private func handleAssuming(
        _ messages: [IncomingMessage], _ runs: inout FailedRuns
    ) async throws -> BatchPlan? {
        guard messages.count <= Self.mostAssuming else { return nil }
        let before = runs
        do {
            return try await core.transaction { transaction in
                let plan = try await plan(messages, in: transaction)
                return try await run(messages, plan, before, mayAssume: mayAssume(plan), in: transaction)
            }
        } catch {
            guard Blame.isRefusal(error) else {
                if !isNobodysFault(error) { runs.count(error, of: messages) }
                throw error
            }
            core.logger.debug("messages are handled again with care", metadata: ["reason": "\(error)"])
            return nil
        }
    }

    private func isNobodysFault(_ error: any Error) -> Bool { Blame.isInfrastructure(error) || core.abort.isSet }

    /// One of so many whose assumption does not hold has the others handled twice.
    private static let mostAssuming = 4

    private func mayAssume(_ plan: BatchPlan) -> Bool {
        plan.verdicts.count <= Self.mostAssuming && plan.lanes.allSatisfy { $0.count == 1 }
    }

    private func isEager(_ message: IncomingMessage) -> Bool {
        guard let type = message.envelope?.type else { return false }
        return core.handlers.isEager(type: type, exchange: message.delivery.exchange)
    }

    private func run(
        _ messages: [IncomingMessage], _ plan: BatchPlan, _ runs: FailedRuns, isEager: Bool = false, mayAssume: Bool = false,
        clear: [UUID] = [], in transaction: PostgresTransaction
    ) async throws -> (result: BatchPlan, output: OutputCollector.Output) {
        var items: [LaneItem?] = []
        items.reserveCapacity(messages.count)
        for (message, verdict) in zip(messages, plan.verdicts) {
            guard verdict == .run, let envelope = message.envelope else {
                items.append(nil)
                continue
            }
            items.append(
                LaneItem(
                    envelope, delivered: message.delivery.body, exchange: message.delivery.exchange,
                    attempt: runs.nextAttempt(of: message.id), handlers: core.handlers))
        }
        core.configuration.faults.beforeHandlers?()
        let lanes = LaneRunner(
            source: core.configuration.source, gate: core.gate, transaction: transaction, isEager: isEager, mayAssume: mayAssume)
        let output = try await lanes.run(items, lanes: plan.lanes)
        // What the handlers have left can begin while the end of the transaction is prepared.
        transaction.sendAhead()
        leave(plan, messages, clear: clear, in: transaction)
        return (plan, output)
    }

    /// Asks the database about the messages, in one flight that also begins the transaction.
    private func plan(_ messages: [IncomingMessage], in transaction: PostgresTransaction) async throws -> BatchPlan {
        let marks = Marks(messages)
        if let forget = InboxStatements.forgetDiscarded(messages) { transaction.enqueue(forget) }
        let statements = [
            InboxStatements.record(messages.map(\.id)), marks.lock, InboxStatements.mustLook(keys: marks.keys, steps: marks.steps),
        ]
        let answers = try await transaction.pipeline(statements.compactMap { $0 })
        var fresh: Set<UUID> = []
        fresh.reserveCapacity(messages.count)
        for row in answers[0] { fresh.insert(try row.decode(UUID.self, at: 0)) }
        var (parked, fenced): (Set<String>, Set<String>) = ([], [])
        if try answers.last?.first?.decode(Bool.self, at: 0) ?? true {
            for row in try await transaction.execute(InboxStatements.checks(keys: marks.keys, steps: marks.steps)) {
                let (key, isFence) = try row.decode(String.self, Bool.self)
                if isFence { fenced.insert(key) } else { parked.insert(key) }
            }
        }
        return BatchPlan(items: messages.map(\.planItem), fresh: fresh, parkedKeys: parked, fenced: fenced)
    }

    /// Sends what the batch leaves behind beside the handlers' own.
    private func leave(
        _ plan: BatchPlan, _ messages: [IncomingMessage], clear: [UUID], in transaction: PostgresTransaction
    ) {
        for (message, verdict) in zip(messages, plan.verdicts) {
            switch verdict {
            case .parkBehind: transaction.enqueue(ParkedStatements.insert(message, status: .waiting))
            case .parkRaw: transaction.enqueue(ParkedStatements.insertRaw(message))
            case .refuse: transaction.enqueue(ParkedStatements.insertRefused(message))
            case .run, .duplicate, .fenced: break
            }
        }
        if !plan.fences.isEmpty { transaction.enqueue(FenceStatements.add(plan.fences)) }
        if !clear.isEmpty { transaction.enqueue(InboxStatements.clearCounts(clear)) }
    }

    private func count(_ plan: BatchPlan) {
        var (handled, duplicates, fenced, parked) = (0, 0, 0, 0)
        for verdict in plan.verdicts {
            switch verdict {
            case .run: handled += 1
            case .duplicate: duplicates += 1
            case .fenced: fenced += 1
            case .parkBehind, .parkRaw, .refuse: parked += 1
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
            if let forget = InboxStatements.forgetDiscarded([message]) { transaction.enqueue(forget) }
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
        report(message, failure, next: delay.map { "in \($0)" } ?? "operator")
    }

    private func report(_ message: IncomingMessage) {
        guard let violation = message.violation else { return }
        report(message, FailureDescription(violation, handler: message.envelope?.type ?? ""), next: "operator")
    }

    private func report(_ message: IncomingMessage, _ failure: FailureDescription, next: String) {
        core.logger.error(
            "parked a message",
            metadata: [
                "id": "\(message.id)", "type": "\(message.envelope?.type ?? message.delivery.routingKey)",
                "key": "\(message.key ?? "-")", "error": "\(failure.message)", "place": "\(failure.place)",
                "fingerprint": "\(failure.fingerprint)", "next": "\(next)",
            ])
    }
}

/// By what the database is asked about a batch.
private struct Marks {
    let keys: [String]
    /// What is to be run.
    let steps: [String]
    /// To be sent before anything that looks for fences, or is run; nil if no message belongs to a step.
    let lock: SQL?

    init(_ messages: [IncomingMessage]) {
        keys = Array(Set(messages.compactMap(\.key)))
        let fences = messages.compactMap(\.fence)
        steps = fences.filter { !$0.isCompensation }.map(\.key)
        lock = FenceStatements.lock(fences)
    }
}
