import Loop

/// Runs an actor on the thread of an ``EventLoop``, so that socket events and calls into libpq happen on one thread without
/// occupying the cooperative pool.
final class LoopExecutor: SerialExecutor {
    let loop: EventLoop

    init(_ loop: EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) { loop.enqueue(job, on: asUnownedSerialExecutor()) }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    /// Lets `assumeIsolated` accept what the loop runs directly.
    func checkIsolated() { precondition(loop.isCurrent, "not on the thread of the connection") }
}
