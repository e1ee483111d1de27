import Contracts
import Locking
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Runs lanes side by side over one transaction. The statements of all lanes go out in the same flights.
struct LaneRunner: Sendable {
    let source: String
    let gate: ContractGate
    let transaction: PostgresTransaction
    /// See ``MessageContext/isEager``.
    var isEager = false
    /// See ``MessageContext/mayAssume``.
    var mayAssume = false

    /// Runs the items of each lane one after another, the lanes side by side.
    ///
    /// When one fails the others stop before their next item; they are not cancelled, because that would cancel the
    /// statements of all.
    /// - Parameter lanes: indices into `items`.
    /// - Returns: what was collected, in the order of `items`.
    /// - Throws: ``HandlerFailure``, or the ``PostgresError`` itself when the transaction should be repeated.
    func run(_ items: [LaneItem?], lanes: [[Int]]) async throws -> OutputCollector.Output {
        let failure = FirstFailure()
        var outputs: [(index: Int, output: OutputCollector.Output)] = []
        if lanes.count == 1 {
            outputs = await run(lane: lanes[0], items, failure)
        } else {
            outputs.reserveCapacity(items.count)
            await withTaskGroup(of: [(index: Int, output: OutputCollector.Output)].self) { group in
                for lane in lanes { group.addTask { await run(lane: lane, items, failure) } }
                for await part in group { outputs += part }
            }
            outputs.sort { $0.index < $1.index }
        }
        if let failure = failure.value {
            // The transaction's owner repeats it for these two, and recognises them by their type.
            if let error = failure.error as? PostgresError, error.isRetryable || error.isConnectionFailure { throw error }
            throw failure
        }
        var all = OutputCollector.Output()
        for part in outputs { all.append(part.output) }
        return all
    }

    private func run(
        lane: [Int], _ items: [LaneItem?], _ failure: FirstFailure
    ) async -> [(index: Int, output: OutputCollector.Output)] {
        var outputs: [(index: Int, output: OutputCollector.Output)] = []
        outputs.reserveCapacity(lane.count)
        for index in lane {
            guard let item = items[index], failure.value == nil else { continue }
            let collector = OutputCollector()
            let context = MessageContext(
                db: transaction, envelope: item.envelope, delivered: item.delivered, attempt: item.attempt, isEager: isEager,
                mayAssume: mayAssume, source: source, cause: item.cause, gate: gate, collector: collector)
            for step in item.steps {
                do {
                    try await step.body(context)
                } catch {
                    failure.record(HandlerFailure(handler: step.name, error: error), of: item.envelope.id)
                    _ = collector.finish()
                    return outputs
                }
            }
            outputs.append((index, collector.finish()))
        }
        return outputs
    }

}

/// Keeps the first failure of the lanes, but one that only says "an earlier statement failed" gives way to that one; and who else has
/// failed.
private final class FirstFailure: Sendable {
    private let failure = Locked<HandlerFailure?>(nil)

    var value: HandlerFailure? { failure.withLock { $0 } }

    func record(_ new: HandlerFailure, of id: UUID) {
        failure.withLock { failure in
            var thrown = failure?.thrown ?? []
            if Blame.isOwn(new.error) { thrown.insert(id) }
            var first = failure ?? new
            if (first.error as? PostgresError)?.code == .aborted, (new.error as? PostgresError)?.code != .aborted { first = new }
            first.thrown = thrown
            failure = first
        }
    }
}
