import Servers

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The least of an AMQP client, on a blocking socket: it must know exactly what was confirmed when the broker dies, so it has
/// no buffers, threads or second tries of its own.
final class WireClient {
    struct Closed: Error {}

    struct Method {
        var id: UInt32
        var arguments: ArraySlice<UInt8>
    }

    private let socket: Int32
    private var received: [UInt8] = []
    private var position = 0
    private var outgoing: [UInt8] = []

    static let startOK: UInt32 = 10 << 16 | 11
    static let deliver: UInt32 = 60 << 16 | 60
    static let ack: UInt32 = 60 << 16 | 80
    static let nack: UInt32 = 60 << 16 | 120

    /// Connects as `guest` and opens channel 1.
    init(port: Int) throws {
        let stream = Int32(SOCK_STREAM.rawValue)
        socket = Self.make(stream)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let socket = socket
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, size) }
        }
        guard result == 0 else { throw Closed() }
        // Nothing takes so long but a broker that hangs.
        var timeout = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        try handshake()
    }

    deinit { close(socket) }

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

    private func handshake() throws {
        outgoing += Array("AMQP".utf8) + [0, 0, 9, 1]
        _ = try wait(for: 10 << 16 | 10)
        send(Self.startOK, channel: 0, long(0) + short("PLAIN") + text("\0guest\0guest") + short("en_US"))
        let tune = try wait(for: 10 << 16 | 30)
        send(10 << 16 | 31, channel: 0, Array(tune.arguments.prefix(6)) + [0, 0])
        send(10 << 16 | 40, channel: 0, short("/") + short("") + [0])
        _ = try wait(for: 10 << 16 | 41)
        send(20 << 16 | 10, short(""))
        _ = try wait(for: 20 << 16 | 11)
    }

    // MARK: - What the tests do

    /// - Returns: how many messages wait in it.
    @discardableResult
    func declare(_ queue: String, passive: Bool = false) throws -> Int {
        send(50 << 16 | 10, [0, 0] + short(queue) + [passive ? 1 : 2] + long(0))
        let answer = try wait(for: 50 << 16 | 11).arguments
        let count = answer.dropFirst(1 + Int(answer.first ?? 0)).prefix(4)
        return count.reduce(0) { $0 << 8 | Int($1) }
    }

    func selectConfirms() throws {
        send(85 << 16 | 10, [0])
        _ = try wait(for: 85 << 16 | 11)
    }

    /// Collects a persistent message; `flush` sends it.
    func publish(_ body: [UInt8], to queue: String) {
        send(60 << 16 | 40, [0, 0] + short("") + short(queue) + [0])
        let size = (0..<8).map { UInt8(truncatingIfNeeded: UInt64(body.count) >> UInt64(8 * (7 - $0))) }
        frame(2, 1, [0, 60, 0, 0] + size + [0x10, 0, 2])
        frame(3, 1, body)
    }

    func consume(_ queue: String, prefetch: UInt16) throws {
        send(60 << 16 | 10, long(0) + [UInt8(prefetch >> 8), UInt8(prefetch & 0xFF), 0])
        _ = try wait(for: 60 << 16 | 11)
        send(60 << 16 | 20, [0, 0] + short(queue) + short("c") + [0] + long(0))
        _ = try wait(for: 60 << 16 | 21)
    }

    func acknowledge(_ tag: UInt64, multiple: Bool) {
        send(Self.ack, (0..<8).map { UInt8(truncatingIfNeeded: tag >> UInt64(8 * (7 - $0))) } + [multiple ? 1 : 0])
    }

    func flush() throws {
        var sent = 0
        while sent < outgoing.count {
            let count = outgoing[sent...].withUnsafeBytes { Self.send(socket, $0) }
            guard count > 0 else { throw Closed() }
            sent += count
        }
        outgoing = []
    }

    /// The next delivery.
    func delivery() throws -> (tag: UInt64, isRedelivered: Bool, body: [UInt8]) {
        let method = try wait(for: Self.deliver)
        let rest = method.arguments.dropFirst(1 + Int(method.arguments.first ?? 0))
        let header = try frame()
        guard header.type == 2 else { throw Closed() }
        let size = header.payload.dropFirst(4).prefix(8).reduce(0) { $0 << 8 | Int($1) }
        var body: [UInt8] = []
        while body.count < size { body += try frame().payload }
        return (rest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }, rest.dropFirst(8).first == 1, body)
    }

    /// The next confirm.
    func confirm() throws -> (tag: UInt64, multiple: Bool, isPositive: Bool) {
        let method = try next { $0.id == Self.ack || $0.id == Self.nack }
        return (
            method.arguments.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }, (method.arguments.dropFirst(8).first ?? 0) == 1,
            method.id == Self.ack
        )
    }

    // MARK: - Frames

    private func wait(for id: UInt32) throws -> Method {
        try flush()
        return try next { $0.id == id }
    }

    /// The next method that is wanted; everything else but the end of the connection is passed over.
    private func next(_ isWanted: (Method) -> Bool) throws -> Method {
        while true {
            let frame = try frame()
            guard frame.type == 1, frame.payload.count >= 4 else { continue }
            let id = frame.payload.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
            let method = Method(id: id, arguments: frame.payload.dropFirst(4))
            if isWanted(method) { return method }
            if id == 10 << 16 | 50 || id == 20 << 16 | 40 { throw Closed() }
        }
    }

    private func frame() throws -> (type: UInt8, payload: ArraySlice<UInt8>) {
        try fill(7)
        let size = received[position + 3..<position + 7].reduce(0) { $0 << 8 | Int($1) }
        try fill(8 + size)
        let start = position
        position += 8 + size
        return (received[start], received[start + 7..<start + 7 + size])
    }

    private func fill(_ count: Int) throws {
        while received.count - position < count {
            if position > 1 << 16 {
                received.removeFirst(position)
                position = 0
            }
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            let read = chunk.withUnsafeMutableBytes { recv(socket, $0.baseAddress, $0.count, 0) }
            guard read > 0 else { throw Closed() }
            received += chunk[..<read]
        }
    }

    private func send(_ id: UInt32, channel: UInt16 = 1, _ arguments: [UInt8]) { frame(1, channel, long(id) + arguments) }

    private func frame(_ type: UInt8, _ channel: UInt16, _ payload: [UInt8]) {
        outgoing += [type, UInt8(channel >> 8), UInt8(channel & 0xFF)] + long(UInt32(payload.count)) + payload + [0xCE]
    }

    private func long(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * (3 - UInt32($0)))) } }
    private func short(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }
    private func text(_ text: String) -> [UInt8] { long(UInt32(text.utf8.count)) + Array(text.utf8) }
}
