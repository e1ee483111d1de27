import Broker
import NIOCore
import Testing

/// The client's end of a connection without a socket.
final class MachineClient: Transport {
    struct Frame: Equatable {
        var type: UInt8
        var channel: UInt16
        var payload: [UInt8]

        var method: MethodID? {
            guard type == FrameType.method, payload.count >= 4 else { return nil }
            return MethodID(rawValue: payload[..<4].reduce(0) { $0 << 8 | UInt32($1) })
        }
    }

    private let harness: MachineHarness
    var machine: ConnectionMachine?
    /// All that the broker has sent.
    private(set) var received = ByteBuffer()
    private(set) var isFinished = false
    private(set) var isClosed = false
    private(set) var isReading = true
    var isWritable = true { didSet { machine?.writabilityChanged(isWritable) } }
    var pendingBytes = 0
    var isFilledByEachSend = false

    init(harness: MachineHarness) { self.harness = harness }

    // MARK: Transport

    func send(_ buffer: ByteBuffer) {
        received.writeImmutableBuffer(buffer)
        if !isWritable { pendingBytes += buffer.readableBytes }
        if isFilledByEachSend {
            // As a socket does: full by what it was given, and empty again before it returns.
            isWritable = false
            isWritable = true
        }
    }

    func finish(_ buffer: ByteBuffer) {
        received.writeImmutableBuffer(buffer)
        isFinished = true
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        machine?.disconnected()
    }

    func setReading(_ reading: Bool) { isReading = reading }

    // MARK: Sending

    func send(bytes: [UInt8]) {
        bytes.withUnsafeBytes { machine?.receive($0) }
        harness.endTurn()
    }

    func send(_ buffer: ByteBuffer, by size: Int) {
        var rest = buffer
        while rest.readableBytes > 0, let part = rest.readBytes(length: min(size, rest.readableBytes)) { send(bytes: part) }
    }

    func send(_ method: some Method, channel: UInt16 = 1) {
        var buffer = ByteBuffer()
        buffer.writeMethod(method, channel: channel)
        send(bytes: Array(buffer.readableBytesView))
    }

    static func publish(
        _ method: BasicPublish, _ properties: BasicProperties = BasicProperties(), body: [UInt8] = [], channel: UInt16 = 1,
        frameMax: Int = 131_072
    ) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeMethod(method, channel: channel)
        buffer.writeContent(properties: properties.encoded(), body: ByteBuffer(bytes: body), channel: channel, frameMax: frameMax)
        return buffer
    }

    func publish(
        exchange: String = "", key: String, mandatory: Bool = false, _ properties: BasicProperties = BasicProperties(),
        body: String = "", channel: UInt16 = 1
    ) {
        let method = BasicPublish(exchange: exchange, routingKey: key, mandatory: mandatory)
        send(bytes: Array(Self.publish(method, properties, body: Array(body.utf8), channel: channel).readableBytesView))
    }

    func handshake(heartbeat: UInt16 = 0, frameMax: UInt32 = 131_072) throws {
        send(bytes: Array("AMQP".utf8) + [0, 0, 9, 1])
        _ = try take(ConnectionStart.self)
        let capabilities: FieldTable = [
            "consumer_cancel_notify": .bool(true), "connection.blocked": .bool(true), "authentication_failure_close": .bool(true),
        ]
        send(
            ConnectionStartOK(clientProperties: ["capabilities": .table(capabilities)], mechanism: "EXTERNAL", locale: "en_US"),
            channel: 0)
        _ = try take(ConnectionTune.self)
        send(ConnectionTuneOK(channelMax: 100, frameMax: frameMax, heartbeat: heartbeat), channel: 0)
        send(ConnectionOpen(virtualHost: "/"), channel: 0)
        _ = try take(ConnectionOpenOK.self)
    }

    // MARK: Receiving

    /// The next frame that was not taken yet.
    func takeFrame() throws -> Frame {
        let frame: (UInt8, UInt16, [UInt8], Int)? = try received.withUnsafeReadableBytes { bytes in
            try FrameScanner.frame(in: bytes, at: 0, limit: 1 << 24).map { ($0.type, $0.channel, Array(bytes[$0.payload]), $0.end) }
        }
        let (type, channel, payload, end) = try #require(frame, "the broker has sent nothing more")
        received.moveReaderIndex(forwardBy: end)
        return Frame(type: type, channel: channel, payload: payload)
    }

    var hasFrames: Bool { received.readableBytes > 0 }

    /// Whether the next frame that was not taken yet is this method.
    func isReceiving(_ method: MethodID) -> Bool {
        let name = received.getBytes(at: received.readerIndex + 7, length: 4)
        return name?.reduce(0) { $0 << 8 | UInt32($1) } == method.rawValue
    }

    func takeAll() throws -> [Frame] {
        var all: [Frame] = []
        while hasFrames { all.append(try takeFrame()) }
        return all
    }

    /// The next frame, which must be a method of this type.
    func take<M: Method>(_ type: M.Type, at location: SourceLocation = #_sourceLocation) throws -> M {
        let frame = try takeFrame()
        try #require(frame.method == M.id, "\(frame)", sourceLocation: location)
        return try frame.payload.withUnsafeBytes { bytes in
            var reader = WireReader(UnsafeRawBufferPointer(rebasing: bytes[4...]))
            return try M(from: &reader)
        }
    }

    /// The content behind a method.
    func takeContent() throws -> (properties: BasicProperties, body: String) {
        let header = try takeFrame()
        try #require(header.type == FrameType.header)
        let size = header.payload[4..<12].reduce(0) { $0 << 8 | Int($1) }
        var body: [UInt8] = []
        while body.count < size { body += try takeFrame().payload }
        let properties = try BasicProperties(from: ByteBuffer(bytes: header.payload[12...]))
        return (properties, String(decoding: body, as: UTF8.self))
    }

    func takeDelivery(at location: SourceLocation = #_sourceLocation) throws -> (BasicDeliver, BasicProperties, String) {
        let method = try take(BasicDeliver.self, at: location)
        let (properties, body) = try takeContent()
        return (method, properties, body)
    }

    @discardableResult
    func declare(_ queue: String, _ arguments: FieldTable = [:], exclusive: Bool = false) throws -> QueueDeclareOK {
        send(QueueDeclare(queue: queue, exclusive: exclusive, arguments: arguments))
        return try take(QueueDeclareOK.self)
    }

    func selectTransactions() throws {
        send(TxSelect())
        _ = try take(TxSelectOK.self)
    }

    /// Commits a transaction whose answer is the next frame.
    func commit() throws {
        send(TxCommit())
        _ = try take(TxCommitOK.self)
    }

    @discardableResult
    func consume(_ queue: String, tag: String = "t", noAck: Bool = false) throws -> BasicConsumeOK {
        send(BasicConsume(queue: queue, consumerTag: tag, noAck: noAck))
        return try take(BasicConsumeOK.self)
    }
}
