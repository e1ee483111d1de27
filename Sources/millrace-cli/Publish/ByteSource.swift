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
    private let isTerminal: Bool
    private let queue = DispatchQueue(label: "millrace.input")

    /// Standard input.
    package init() {
        descriptor = 0
        ownsDescriptor = false
        isTerminal = isatty(0) == 1
        widen()
    }

    /// A file.
    /// - Throws: ``UsageFailure`` if it cannot be opened.
    package init(path: String) throws {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        ownsDescriptor = true
        isTerminal = isatty(descriptor) == 1
        guard descriptor >= 0 else { throw UsageFailure("cannot read \(path): \(String(cString: strerror(errno)))") }
        widen()
    }

    /// Has a pipe hold as much as is read at once; it does no harm where that is not allowed, or is no pipe.
    private func widen() {
        #if os(Linux)
            // F_SETPIPE_SZ of <linux/fcntl.h>, which the C library shows only to programs that ask for its extensions.
            _ = fcntl(descriptor, 1031, Int32(Self.chunk))
        #endif
    }

    deinit { if ownsDescriptor { close(descriptor) } }

    /// Whether `read` would return at once.
    package var isReady: Bool { Self.poll(descriptor, milliseconds: 0) }

    /// Whether the file is one that can be read again from its beginning.
    package var isFile: Bool { lseek(descriptor, 0, Int32(SEEK_CUR)) >= 0 }

    /// Whether `read` would return within so many milliseconds.
    package func isReady(within milliseconds: Int32) async -> Bool {
        if isReady { return true }
        return await withCheckedContinuation { continuation in
            queue.async { [descriptor] in continuation.resume(returning: Self.poll(descriptor, milliseconds: milliseconds)) }
        }
    }

    /// Waits for input.
    /// - Returns: nil at the end.
    /// - Throws: `CancellationError` when the task is cancelled while it waits; ``Failed`` when reading fails.
    package func read() async throws -> [UInt8]? {
        let isCancelled = Once()
        let result: Result<[UInt8]?, any Error> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                queue.async { [descriptor, isTerminal] in
                    continuation.resume(returning: Result { try Self.next(descriptor, isTerminal, isCancelled) })
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

    private static func next(_ descriptor: Int32, _ isTerminal: Bool, _ isCancelled: Once) throws -> [UInt8]? {
        // The short wait is only how soon a cancellation is seen; input ends it at once.
        while !poll(descriptor, milliseconds: 100) {
            if isCancelled.isSet { throw CancellationError() }
        }
        if isCancelled.isSet { throw CancellationError() }
        var failure: Int32?
        let bytes = [UInt8](unsafeUninitializedCapacity: chunk) { buffer, filled in
            // A pipe gives what it holds; what its writer adds meanwhile comes along. A terminal says its end only once.
            repeat {
                let count = readOnce(descriptor, UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...]))
                guard count != 0 else { return }
                if count > 0 { filled += count } else if errno != EINTR, errno != EAGAIN { failure = errno }
            } while failure == nil && !(isTerminal && filled > 0) && filled < buffer.count
                && (filled == 0 || poll(descriptor, milliseconds: 0))
        }
        // What was read before a failure is good; the next attempt meets the failure again.
        if let failure, bytes.isEmpty { throw Failed("cannot read the input: \(String(cString: strerror(failure)))") }
        return bytes.isEmpty ? nil : bytes
    }

    private static func readOnce(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        #elseif canImport(Musl)
            Musl.read(descriptor, buffer.baseAddress, buffer.count)
        #else
            Darwin.read(descriptor, buffer.baseAddress, buffer.count)
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
