/// The least of an AMQP client, on a blocking socket: it must know exactly what was confirmed when the broker dies, so it has
/// no buffers, threads or second tries of its own.
final class WireClient {
    struct Closed: Error {
        let why: String
    }

    struct Method {
        var id: UInt32
        var arguments: ArraySlice<UInt8>
    }

    private let socket: WireSocket
    private var received: [UInt8] = []
    private var position = 0
    private var outgoing: [UInt8] = []

    static let startOK: UInt32 = 10 << 16 | 11
    static let deliver: UInt32 = 60 << 16 | 60
    static let ack: UInt32 = 60 << 16 | 80
    static let nack: UInt32 = 60 << 16 | 120

    static let blocked: UInt32 = 10 << 16 | 60
    static let unblocked: UInt32 = 10 << 16 | 61

    /// Connects as `guest` and opens channel 1.
    ///
    /// - Parameter heartbeat: seconds; it sends none by itself.
    init(port: Int, heartbeat: UInt16 = 0) throws {
        socket = try WireSocket(port: port)
        try handshake(heartbeat)
    }

    private func handshake(_ heartbeat: UInt16) throws {
        outgoing += Array("AMQP".utf8) + [0, 0, 9, 1]
        _ = try wait(for: 10 << 16 | 10)
        // {"capabilities": {"connection.blocked": true}}
        let flag = short("connection.blocked") + Array("t".utf8) + [1]
        let capabilities = short("capabilities") + Array("F".utf8) + long(UInt32(flag.count)) + flag
        send(
            Self.startOK, channel: 0,
            long(UInt32(capabilities.count)) + capabilities + short("PLAIN") + text("\0guest\0guest") + short("en_US"))
        let tune = try wait(for: 10 << 16 | 30)
        send(10 << 16 | 31, channel: 0, Array(tune.arguments.prefix(6)) + [UInt8(heartbeat >> 8), UInt8(heartbeat & 0xFF)])
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
        guard socket.send(outgoing) else { throw Closed(why: "nothing can be sent") }
        outgoing = []
    }

    /// The next delivery.
    func delivery() throws -> (tag: UInt64, isRedelivered: Bool, body: [UInt8]) {
        let method = try wait(for: Self.deliver)
        let rest = method.arguments.dropFirst(1 + Int(method.arguments.first ?? 0))
        let header = try frame()
        guard header.type == 2 else { throw Closed(why: "a delivery without its header") }
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

    enum Notice {
        case confirm(tag: UInt64, multiple: Bool, isPositive: Bool)
        /// Publishers are to wait.
        case blocked
        case unblocked
    }

    /// The next confirm, or what a publisher is told of the broker's shortage.
    func notice() throws -> Notice {
        let method = try next { [Self.ack, Self.nack, Self.blocked, Self.unblocked].contains($0.id) }
        switch method.id {
        case Self.blocked: return .blocked
        case Self.unblocked: return .unblocked
        default:
            let tag = method.arguments.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
            return .confirm(tag: tag, multiple: method.arguments.dropFirst(8).first == 1, isPositive: method.id == Self.ack)
        }
    }

    func sendHeartbeat() throws {
        frame(8, 0, [])
        try flush()
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
            if id == 10 << 16 | 50 || id == 20 << 16 | 40 {
                throw Closed(why: String(decoding: method.arguments.dropFirst(3), as: UTF8.self))
            }
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
            guard socket.receive(into: &received) else {
                throw Closed(why: "the socket is closed, or the broker has been silent for 20 seconds")
            }
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
