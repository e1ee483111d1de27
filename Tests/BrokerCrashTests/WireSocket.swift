#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A blocking socket, closed when it is released.
final class WireSocket {
    private let number: Int32

    init(port: Int) throws {
        number = Self.make(Int32(SOCK_STREAM.rawValue))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let number = number
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(number, $0, size) }
        }
        guard result == 0 else {
            close(number)
            throw WireClient.Closed(why: "nobody listens")
        }
        // Nothing takes so long but a broker that hangs.
        var timeout = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(number) }

    /// Ends the connection with a reset, and not in good order.
    func resetAtEnd() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(number, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    }

    /// - Returns: false if the connection is gone.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Self.send(number, $0) }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Waits for bytes and adds them.
    /// - Returns: false if the connection is gone.
    func receive(into bytes: inout [UInt8]) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let read = chunk.withUnsafeMutableBytes { recv(number, $0.baseAddress, $0.count, 0) }
        guard read > 0 else { return false }
        bytes += chunk[..<read]
        return true
    }

    private static func make(_ type: Int32) -> Int32 {
        #if canImport(Glibc)
            Glibc.socket(AF_INET, type, 0)
        #elseif canImport(Musl)
            Musl.socket(AF_INET, type, 0)
        #else
            Darwin.socket(AF_INET, type, 0)
        #endif
    }

    /// Without the signal that writing to a closed connection would send.
    private static func send(_ socket: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.send(socket, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        #elseif canImport(Musl)
            Musl.send(socket, bytes.baseAddress, bytes.count, MSG_NOSIGNAL)
        #else
            Darwin.send(socket, bytes.baseAddress, bytes.count, 0)
        #endif
    }
}
