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

    /// Runs `body`; at the first signal it is cancelled, at the second `kill` is called and the process exits.
    /// - Returns: what `body` returned, or nil if it was cancelled by a signal.
    func stoppable<R: Sendable>(
        _ body: @escaping @Sendable () async throws -> R, kill: @escaping @Sendable () async -> Void
    ) async throws -> R? {
        let work = Task { try await body() }
        let wasStopped = Once()
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
                    await kill()
                    exit(128 + number)
                }
            }
        }
        defer { watcher.cancel() }
        do {
            return try await work.value
        } catch {
            if wasStopped.isSet { return nil }
            throw error
        }
    }
}
