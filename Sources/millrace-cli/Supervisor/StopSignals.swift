import Dispatch
import Foundation
import Locking

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Ctrl-C and SIGTERM, as a stream: the first asks to stop, the second to stop at once.
final class StopSignals: Sendable {
    let stream: AsyncStream<Int32>
    private let sources = Locked<[any DispatchSourceSignal]>([])

    init() {
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
        self.stream = stream
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_IGN)
            sources.withLock { sources in
                let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
                source.setEventHandler { continuation.yield(number) }
                source.activate()
                sources.append(source)
            }
        }
    }

    /// Runs `body`, and then `cleanUp`; at the first signal `body` is cancelled, at the second, which may come while it is cleaned up,
    /// `kill` is called and the process exits.
    /// - Returns: what `body` returned, or nil if it was cancelled by a signal.
    func stoppable<R: Sendable>(
        _ body: @escaping @Sendable () async throws -> R, cleanUp: @escaping @Sendable () async -> Void = {},
        kill: @escaping @Sendable () async -> Void = {}
    ) async throws -> R? {
        let work = Task { try await body() }
        let (wasStopped, isKilled) = (Once(), Once())
        let watcher = Task { [stream] in
            var count = 0
            for await number in stream {
                count += 1
                if count == 1 {
                    wasStopped.set()
                    Console.shared.endProgress()
                    Console.shared.say("stopping (again to kill) …")
                    work.cancel()
                } else {
                    isKilled.set()
                    await kill()
                    exit(128 + number)
                }
            }
        }
        let result = await work.result
        await cleanUp()
        // What is killed comes to its end as well, and must not pass for what was stopped.
        if !isKilled.isSet { watcher.cancel() }
        await watcher.value
        do {
            return try result.get()
        } catch {
            if wasStopped.isSet { return nil }
            throw error
        }
    }
}
