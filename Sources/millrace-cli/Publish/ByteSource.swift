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

/// Reads a file, a pipe or a terminal piece by piece, on a queue of its own that may block.
package final class ByteSource: Sendable {
    /// Bytes asked for at once.
    static let chunk = 256 * 1024

    private let descriptor: Int32
    private let ownsDescriptor: Bool
    private let queue = DispatchQueue(label: "millrace.input")

    /// Standard input.
    package init() {
        descriptor = 0
        ownsDescriptor = false
    }

    /// A file.
    /// - Throws: ``UsageFailure`` if it cannot be opened.
    package init(path: String) throws {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        ownsDescriptor = true
        guard descriptor >= 0 else { throw UsageFailure("cannot read \(path): \(String(cString: strerror(errno)))") }
    }

    deinit { if ownsDescriptor { close(descriptor) } }

    /// Whether `read` would return at once.
    package var isReady: Bool { Self.poll(descriptor, milliseconds: 0) }

    /// Waits for input.
    /// - Returns: nil at the end.
    /// - Throws: `CancellationError` when the task is cancelled while it waits; ``Failed`` when reading fails.
    package func read() async throws -> [UInt8]? {
        let isCancelled = Once()
        let result: Result<[UInt8]?, any Error> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                queue.async { [descriptor] in
                    continuation.resume(returning: Result { try Self.next(descriptor, isCancelled) })
                }
            }
        } onCancel: {
            isCancelled.set()
        }
        return try result.get()
    }

    /// All of a file, or for `-` of standard input.
    /// - Throws: ``UsageFailure`` if it cannot be opened or is larger than 256 MiB.
    static func all(of path: String) async throws -> [UInt8] {
        let source = path == "-" ? ByteSource() : try ByteSource(path: path)
        var all: [UInt8] = []
        while let bytes = try await source.read() {
            all += bytes
            guard all.count <= 256 << 20 else { throw UsageFailure("\(path == "-" ? "standard input" : path) is larger than 256 MiB") }
        }
        return all
    }

    private static func next(_ descriptor: Int32, _ isCancelled: Once) throws -> [UInt8]? {
        // The short wait is only how soon a cancellation is seen; input ends it at once.
        while !poll(descriptor, milliseconds: 100) {
            if isCancelled.isSet { throw CancellationError() }
        }
        if isCancelled.isSet { throw CancellationError() }
        var bytes = [UInt8](repeating: 0, count: chunk)
        var count = readOnce(descriptor, &bytes)
        while count < 0, errno == EINTR || errno == EAGAIN { count = readOnce(descriptor, &bytes) }
        guard count >= 0 else { throw Failed("cannot read the input: \(String(cString: strerror(errno)))") }
        bytes.removeSubrange(count...)
        return bytes.isEmpty ? nil : bytes
    }

    private static func readOnce(_ descriptor: Int32, _ bytes: inout [UInt8]) -> Int {
        #if canImport(Glibc)
            Glibc.read(descriptor, &bytes, bytes.count)
        #elseif canImport(Musl)
            Musl.read(descriptor, &bytes, bytes.count)
        #else
            Darwin.read(descriptor, &bytes, bytes.count)
        #endif
    }

    /// - Returns: false only when nothing came in time.
    private static func poll(_ descriptor: Int32, milliseconds: Int32) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        #if canImport(Glibc)
            let count = Glibc.poll(&request, 1, milliseconds)
        #elseif canImport(Musl)
            let count = Musl.poll(&request, 1, milliseconds)
        #else
            let count = Darwin.poll(&request, 1, milliseconds)
        #endif
        return count > 0
    }
}
