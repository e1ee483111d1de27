#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// A pipe that ends a poll(2) of another thread.
final class Wakeup: Sendable {
    let readEnd: Int32
    private let writeEnd: Int32

    init() throws(AMQPError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw AMQPError(.connectionFailed, "no pipe: errno \(errno)") }
        for end in ends {
            _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        readEnd = ends[0]
        writeEnd = ends[1]
    }

    deinit {
        _ = close(readEnd)
        _ = close(writeEnd)
    }

    func signal() {
        var byte: UInt8 = 1
        // A full pipe wakes just as well.
        _ = write(writeEnd, &byte, 1)
    }

    func drain() {
        var bytes: (UInt64, UInt64) = (0, 0)
        while read(readEnd, &bytes, 16) == 16 {}
    }

    /// Waits for the signal or, if one is given, for `descriptor`.
    /// - Parameter timeout: milliseconds.
    /// - Returns: true if `descriptor` has something to say.
    func wait(descriptor: Int32 = -1, forWriting: Bool = false, timeout: Int32) -> Bool {
        var entries = (
            pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0),
            pollfd(fd: descriptor, events: Int16(POLLIN) | (forWriting ? Int16(POLLOUT) : 0), revents: 0)
        )
        let count = withUnsafeMutableBytes(of: &entries) { raw in
            poll(raw.bindMemory(to: pollfd.self).baseAddress, descriptor >= 0 ? 2 : 1, timeout)
        }
        guard count > 0 else { return false }
        if entries.0.revents != 0 { drain() }
        return descriptor >= 0 && entries.1.revents != 0
    }
}
