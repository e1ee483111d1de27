/// Runs work that waits for a disk where the broker's loop does not wait for it.
package protocol DiskExecutor: AnyObject {
    /// Runs `work` on another thread, then `completion` on the loop.
    func run<Output: Sendable>(_ work: @escaping @Sendable () -> Output, then completion: @escaping (Output) -> Void)
    /// Waits until everything given to `run` is done, and runs the completions. Blocks; for shutdown alone.
    func drain()
}

/// Runs everything at once: for brokers whose disk is memory, and for tests.
package final class ImmediateExecutor: DiskExecutor {
    package init() {}

    package func run<Output: Sendable>(_ work: @escaping @Sendable () -> Output, then completion: @escaping (Output) -> Void) {
        completion(work())
    }

    package func drain() {}
}
