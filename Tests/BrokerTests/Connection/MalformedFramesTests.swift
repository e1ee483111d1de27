import Broker
import NIOCore
import Testing

/// What a client must not send, and the reply code that tells it so.
@Suite struct MalformedFramesTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var bytes: [UInt8]
        var code: UInt16
        var closesConnection = true
        var testDescription: String { name }
    }

    static func frame(_ type: UInt8, _ channel: UInt16, _ payload: [UInt8], end: UInt8 = 0xCE) -> [UInt8] {
        var buffer = ByteBuffer()
        buffer.writeInteger(type)
        buffer.writeInteger(channel)
        buffer.writeInteger(UInt32(payload.count))
        buffer.writeBytes(payload)
        buffer.writeInteger(end)
        return Array(buffer.readableBytesView)
    }

    static func method(_ method: some Method, _ channel: UInt16 = 1) -> [UInt8] {
        var buffer = ByteBuffer()
        buffer.writeMethod(method, channel: channel)
        return Array(buffer.readableBytesView)
    }

    static func header(size: UInt64, class: UInt16 = 60, weight: UInt16 = 0, _ properties: [UInt8] = [0, 0]) -> [UInt8] {
        var buffer = ByteBuffer()
        buffer.writeInteger(`class`)
        buffer.writeInteger(weight)
        buffer.writeInteger(size)
        buffer.writeBytes(properties)
        return frame(2, 1, Array(buffer.readableBytesView))
    }

    static let publish = method(BasicPublish(exchange: "", routingKey: "q"))
    static let unknownTable: [UInt8] = [0, 0, 0, 3, 1, 0x61, 0x3F]
    static let declareStart: [UInt8] = [0, 50, 0, 10, 0, 0, 1, 0x71, 0]

    static let cases: [Case] = [
        Case(name: "unknown frame type", bytes: frame(7, 1, []), code: 501),
        Case(name: "wrong end octet", bytes: frame(1, 1, [0, 20, 0, 20, 1], end: 0xCD), code: 501),
        Case(name: "frame over frame_max", bytes: [3, 0, 1, 0x7F, 0xFF, 0xFF, 0xFF], code: 501),
        Case(name: "heartbeat with a payload", bytes: frame(8, 0, [1]), code: 501),
        Case(name: "heartbeat on a channel", bytes: frame(8, 1, []), code: 505),
        Case(name: "method frame of three bytes", bytes: frame(1, 1, [0, 60, 0]), code: 501),
        Case(name: "unknown class", bytes: frame(1, 1, [0, 61, 0, 10]), code: 503),
        Case(name: "unknown method", bytes: frame(1, 1, [0, 60, 0, 99]), code: 503),
        Case(name: "a broker's method", bytes: method(BasicGetEmpty()), code: 503),
        Case(name: "class connection on a channel", bytes: method(ConnectionOpen(virtualHost: "/")), code: 503),
        Case(name: "class queue on channel 0", bytes: method(QueueDeclare(queue: "q"), 0), code: 503),
        Case(name: "a second connection.open", bytes: method(ConnectionOpen(virtualHost: "/"), 0), code: 503),
        Case(name: "content on channel 0", bytes: frame(2, 0, [0, 60]), code: 505),
        Case(name: "cut arguments", bytes: frame(1, 1, [0, 60, 0, 20, 0, 0, 5, 0x61]), code: 501),
        Case(name: "cut publish", bytes: frame(1, 1, [0, 60, 0, 40, 0, 0, 0]), code: 501),
        Case(name: "unknown type in a table", bytes: frame(1, 1, declareStart + unknownTable), code: 502),
        Case(name: "table longer than the frame", bytes: frame(1, 1, declareStart + [0xFF, 0xFF, 0xFF, 0xFF]), code: 501),
        Case(name: "a name that is no UTF-8", bytes: frame(1, 1, [0, 50, 0, 10, 0, 0, 1, 0xFF, 0, 0, 0, 0, 0]), code: 501),
        Case(name: "second channel.open", bytes: method(ChannelOpen()), code: 504),
        Case(name: "channel that is not open", bytes: method(QueueDeclare(queue: "q"), 5), code: 504),
        Case(name: "content on a channel that is not open", bytes: frame(3, 5, [1]), code: 505),
        Case(name: "body without publish", bytes: frame(3, 1, [1]), code: 505),
        Case(name: "header without publish", bytes: header(size: 1), code: 505),
        Case(name: "method instead of a header", bytes: publish + method(TxSelect()), code: 505),
        Case(name: "body instead of a header", bytes: publish + frame(3, 1, [1]), code: 505),
        Case(name: "second header", bytes: publish + header(size: 1) + header(size: 1), code: 505),
        Case(name: "method instead of a body", bytes: publish + header(size: 1) + method(TxSelect()), code: 505),
        Case(name: "header of another class", bytes: publish + header(size: 1, class: 50), code: 505),
        Case(name: "header with weight", bytes: publish + header(size: 1, weight: 1), code: 505),
        Case(name: "short header", bytes: publish + frame(2, 1, [0, 60, 0, 0]), code: 501),
        Case(name: "body longer than its header says", bytes: publish + header(size: 1) + frame(3, 1, [1, 2]), code: 501),
        Case(name: "cut properties", bytes: publish + header(size: 1, [0x80, 0, 9]), code: 501),
        Case(name: "bytes behind the properties", bytes: publish + header(size: 1, [0, 0, 9]), code: 501),
        Case(name: "property flags that do not exist", bytes: publish + header(size: 1, [0, 1, 0, 0]), code: 502),
        Case(name: "immediate", bytes: method(BasicPublish(exchange: "", routingKey: "q", immediate: true)), code: 540),
        Case(name: "prefetch size", bytes: method(BasicQos(prefetchSize: 1)), code: 540),
        Case(name: "channel.flow off", bytes: method(ChannelFlow(active: false)), code: 540),
        Case(name: "recover without requeue", bytes: method(BasicRecover(requeue: false)), code: 540),
        Case(name: "unknown exchange type", bytes: method(ExchangeDeclare(exchange: "x", type: "nope")), code: 503),
        Case(name: "unknown delivery tag", bytes: method(BasicAck(deliveryTag: 7)), code: 406, closesConnection: false),
        Case(name: "message over the limit", bytes: publish + header(size: 1 << 40), code: 406, closesConnection: false),
        Case(name: "no such queue", bytes: method(BasicGet(queue: "none")), code: 404, closesConnection: false),
        Case(name: "no queue was declared", bytes: method(BasicGet(queue: "")), code: 404, closesConnection: false),
        Case(name: "commit without transactions", bytes: method(TxCommit()), code: 406, closesConnection: false),
        Case(
            name: "binding to the default exchange", bytes: method(QueueBind(queue: "q", exchange: "", routingKey: "k")),
            code: 403, closesConnection: false),
        Case(
            name: "reserved name", bytes: method(QueueDeclare(queue: "amq.mine")), code: 403, closesConnection: false),
    ]

    @Test(arguments: cases) func isAnswered(_ item: Case) throws {
        let client = try MachineHarness().open()
        client.send(bytes: item.bytes)
        if item.closesConnection {
            #expect(try client.take(ConnectionClose.self).replyCode == item.code)
            #expect(client.machine?.phase == .closing)
            #expect(try client.takeAll().isEmpty)
            client.send(ConnectionCloseOK(), channel: 0)
            #expect(client.isFinished)
        } else {
            #expect(try client.take(ChannelClose.self).replyCode == item.code)
            // Nothing but the answer counts on the channel, and then its number is free.
            client.send(QueueDeclare(queue: "q"))
            #expect(!client.hasFrames)
            client.send(ChannelCloseOK())
            client.send(ChannelOpen())
            _ = try client.take(ChannelOpenOK.self)
            #expect(client.machine?.phase == .running)
        }
    }

    /// The same, when the bytes come one at a time.
    @Test(arguments: cases) func isAnsweredByteByByte(_ item: Case) throws {
        let client = try MachineHarness().open()
        for byte in item.bytes { client.send(bytes: [byte]) }
        let code: UInt16 =
            item.closesConnection ? try client.take(ConnectionClose.self).replyCode : try client.take(ChannelClose.self).replyCode
        #expect(code == item.code)
    }
}
