import Dispatch

/// Runs an actor on a private serial queue, so that socket events and calls into libpq happen on one thread at a time without
/// occupying the cooperative pool.
final class SerialQueueExecutor: SerialExecutor {
    let queue: DispatchQueue

    init(label: String) { queue = DispatchQueue(label: label) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    /// Lets `assumeIsolated` accept blocks that the queue runs directly.
    func checkIsolated() { dispatchPrecondition(condition: .onQueue(queue)) }
}
