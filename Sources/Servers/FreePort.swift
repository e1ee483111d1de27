import Locking

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Finds TCP ports that nothing listens on.
public enum FreePort {
    /// Ports this process has given out. They are taken as long as it lives: a server may listen at its port only after many seconds,
    /// and one that was killed comes back to it.
    private static let given = Locked<[TakenPort]>([])

    /// Below the ephemeral range of Linux (32768) and macOS (49152): an outgoing connection of some
    /// other program can never take a port that a killed server has to come back to.
    static let range = 20_000..<32_000

    /// A port on 127.0.0.1 that nothing listens on now, and that no process which asks here gets as long as this one lives.
    ///
    /// - Throws: `ServersError.Code.timeout` if no port was found in 1,000 tries.
    public static func next() throws(ServersError) -> Int {
        for _ in 0..<1_000 {
            guard let taken = take(Int.random(in: range)) else { continue }
            given.withLock { $0.append(taken) }
            return taken.number
        }
        throw ServersError(.timeout, "found no free TCP port between \(range.lowerBound) and \(range.upperBound)")
    }

    /// Takes a port that nothing listens on, before a server listens there.
    ///
    /// - Returns: nil if the port is in use, or has been taken by another process or this one.
    public static func take(_ port: Int) -> TakenPort? {
        let descriptor = Socket.open(datagrams: true)
        guard descriptor >= 0 else { return nil }
        let isBound = Socket.withAddress(port: port) { address, length in bind(descriptor, address, length) } == 0
        guard isBound, isFree(port) else {
            close(descriptor)
            return nil
        }
        return TakenPort(port, descriptor)
    }

    /// Whether a server could listen on `port` of 127.0.0.1 now.
    public static func isFree(_ port: Int) -> Bool {
        let descriptor = Socket.open()
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return Socket.withAddress(port: port) { address, length in bind(descriptor, address, length) } == 0
    }
}

/// A TCP port that nobody else can take by ``FreePort/take(_:)`` or ``FreePort/next()``, as long as this value lives.
///
/// What is held is the UDP port of the same number: it belongs to one process only and is free again when that dies, and a server can
/// listen at the TCP port meanwhile.
public final class TakenPort: Sendable {
    /// The port.
    public let number: Int
    private let descriptor: Int32

    fileprivate init(_ number: Int, _ descriptor: Int32) {
        self.number = number
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
}

/// The few socket calls needed here, with their C casts in one place.
enum Socket {
    /// A new IPv4 socket, for a stream or for datagrams, or -1.
    static func open(datagrams: Bool = false) -> Int32 {
        #if canImport(Glibc)
            let kind = Int32((datagrams ? SOCK_DGRAM : SOCK_STREAM).rawValue) | Int32(SOCK_CLOEXEC.rawValue)
            return socket(AF_INET, kind, 0)
        #else
            let descriptor = socket(AF_INET, datagrams ? SOCK_DGRAM : SOCK_STREAM, 0)
            if descriptor >= 0 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
            return descriptor
        #endif
    }

    /// Calls `body` with the address 127.0.0.1:`port`.
    static func withAddress(port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                body(pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    /// Whether something accepts connections on the port and answers `greeting` with a first byte of `expected`.
    /// Blocks for up to `seconds`; call it on a dispatch queue.
    static func answers(port: Int, greeting: [UInt8], expected: UInt8, seconds: Int) -> Bool {
        let descriptor = open()
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var timeout = timeval(tv_sec: .init(seconds), tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        guard withAddress(port: port, { connect(descriptor, $0, $1) }) == 0 else { return false }
        guard sendQuietly(descriptor, greeting) == greeting.count else { return false }
        var byte: UInt8 = 0
        guard recv(descriptor, &byte, 1, 0) == 1 else { return false }
        return byte == expected
    }

    /// `send` that reports a closed peer by its result and never by SIGPIPE.
    static func sendQuietly(_ descriptor: Int32, _ bytes: [UInt8]) -> Int {
        #if canImport(Darwin)
            var on: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
            return send(descriptor, bytes, bytes.count, 0)
        #else
            return send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        #endif
    }

    /// Two connected local sockets, both closed on exec.
    static func pair() throws(ServersError) -> (ours: Int32, theirs: Int32) {
        var ends: [Int32] = [-1, -1]
        #if canImport(Glibc)
            let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        #else
            let kind = SOCK_STREAM
        #endif
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw ServersError(.spawnFailed, "cannot make a socket pair: \(systemMessage())")
        }
        return (ends[0], ends[1])
    }
}

/// The text of `errno`.
func systemMessage(_ code: Int32 = errno) -> String {
    String(cString: strerror(code))
}
