import Locking
import Synchronization

/// Deliveries between the thread that reads them and the task that handles them.
final class ConsumerInbox: Sendable {
    typealias Outcome = Result<[Delivery]?, AMQPError>

    private struct Contents {
        var deliveries: [Delivery] = []
        /// Deliveries before this one have been taken.
        var taken = 0
        var error: AMQPError?
        var closed = false
        var waiter: (continuation: CheckedContinuation<Outcome, Never>, max: Int)?

        mutating func take(_ max: Int) -> Outcome? {
            if closed { return .success(nil) }
            let waiting = deliveries.count - taken
            if waiting > 0 {
                if taken == 0 && waiting <= max {
                    defer { deliveries = [] }
                    return .success(deliveries)
                }
                let batch = Array(deliveries[taken..<(taken + min(waiting, max))])
                taken += batch.count
                if taken == deliveries.count {
                    deliveries = []
                    taken = 0
                }
                return .success(batch)
            }
            if let error {
                self.error = nil
                return .failure(error)
            }
            return nil
        }
    }

    private let contents = Locked(Contents())
    private let currentEpoch = Atomic<UInt64>(0)

    /// The opening of the channel that deliveries belong to now; 0 while it is closed.
    var epoch: UInt64 {
        get { currentEpoch.load(ordering: .acquiring) }
        set { currentEpoch.store(newValue, ordering: .releasing) }
    }

    /// Gives what waits, or the waiter's continuation something to do later.
    func next(max: Int) async throws(AMQPError) -> [Delivery]? {
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Outcome, Never>) in
                let outcome = contents.withLock { contents -> Outcome? in
                    if Task.isCancelled { return .failure(AMQPError(.cancelled, "the task was cancelled")) }
                    if let ready = contents.take(max) { return ready }
                    guard contents.waiter == nil else { return .failure(AMQPError(.usage, "two tasks wait for one consumer")) }
                    contents.waiter = (continuation, max)
                    return nil
                }
                if let outcome { continuation.resume(returning: outcome) }
            }
        } onCancel: {
            let waiter = contents.withLock { contents in
                defer { contents.waiter = nil }
                return contents.waiter
            }
            waiter?.continuation.resume(returning: .failure(AMQPError(.cancelled, "the task was cancelled")))
        }
        return try outcome.get()
    }

    /// Adds a burst; one waiter is woken once.
    func append(_ burst: [Delivery]) {
        change { state in
            if state.deliveries.isEmpty {
                state.deliveries = burst
            } else {
                state.deliveries.append(contentsOf: burst)
            }
        }
    }

    /// The broker refused the subscription: the one who asks is told, once.
    func fail(_ error: AMQPError) { change { $0.error = error } }

    /// The channel is gone and the broker has put its deliveries back: what was not taken comes again.
    func discard() {
        change {
            $0.deliveries = []
            $0.taken = 0
        }
    }

    func close() {
        change {
            $0.closed = true
            $0.deliveries = []
            $0.taken = 0
        }
    }

    private func change(_ body: (inout Contents) -> Void) {
        let wake = contents.withLock { contents -> (CheckedContinuation<Outcome, Never>, Outcome)? in
            body(&contents)
            guard let waiter = contents.waiter, let outcome = contents.take(waiter.max) else { return nil }
            contents.waiter = nil
            return (waiter.continuation, outcome)
        }
        if let wake { wake.0.resume(returning: wake.1) }
    }
}
