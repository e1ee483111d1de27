internal import Locking
internal import NIOConcurrencyHelpers
package import NIOCore
package import NIOPosix

/// Runs disk work on a pool of threads and hands the results back to an event loop.
///
/// Two threads are enough: one for commits, of which there is only one at a time, and one for making and removing segments.
package final class DiskThreads: DiskExecutor {
    private let loop: any EventLoop
    private let pool: NIOThreadPool
    private let finished = FinishedWork()
    /// Completions that wait for their work, by its number. Only touched on the loop.
    private var waiting: [UInt64: (any Sendable) -> Void] = [:]
    private var next: UInt64 = 0

    /// - Parameter loop: the broker's; `run` and `drain` are called on it alone.
    package init(loop: any EventLoop, pool: NIOThreadPool) {
        self.loop = loop
        self.pool = pool
    }

    package func run<Output: Sendable>(_ work: @escaping @Sendable () -> Output, then completion: @escaping (Output) -> Void) {
        let number = next
        next += 1
        waiting[number] = { result in
            // The number is given once, so the result is of this work.
            if let result = result as? Output { completion(result) }
        }
        let finished = finished
        let loop = loop
        let own = NIOLoopBound(self, eventLoop: loop)
        pool.submit { _ in
            finished.add(number, work())
            loop.execute { own.value.deliver() }
        }
    }

    package func drain() {
        while !waiting.isEmpty {
            finished.wait()
            deliver()
        }
    }

    private func deliver() {
        for (number, result) in finished.take() { waiting.removeValue(forKey: number)?(result) }
    }
}

/// Results on their way to the loop.
private final class FinishedWork: Sendable {
    private let results = Locked<[(UInt64, any Sendable)]>([])
    /// True while there may be something to take.
    private let signal = ConditionLock(value: false)

    func add(_ number: UInt64, _ result: any Sendable) {
        results.withLock { $0.append((number, result)) }
        set(true)
    }

    func take() -> [(UInt64, any Sendable)] {
        set(false)
        return results.withLock { results in
            defer { results = [] }
            return results
        }
    }

    /// Until there is something to take.
    func wait() {
        signal.lock(whenValue: true)
        signal.unlock()
    }

    private func set(_ value: Bool) {
        signal.lock()
        signal.unlock(withValue: value)
    }
}
