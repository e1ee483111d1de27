import Broker
import NIOCore

/// A connection's whole life by the grammar of AMQP, with one mistake in the end. All of it follows from the random numbers.
struct GrammarFuzz {
    /// What must come back.
    enum Answer: Equatable, Sendable {
        /// `connection.close` with one of these codes.
        case connectionCloses([UInt16])
        /// `channel.close` with this code; the connection goes on.
        case channelCloses(UInt16)
    }

    struct Mistake {
        var name: String
        var bytes: [UInt8]
        var answer: Answer

        init(_ name: String, _ bytes: [UInt8], _ codes: UInt16...) {
            self.name = name
            self.bytes = bytes
            answer = .connectionCloses(codes)
        }

        init(_ name: String, _ bytes: [UInt8], channel code: UInt16) {
            self.name = name
            self.bytes = bytes
            answer = .channelCloses(code)
        }
    }

    var random: SeededGenerator
    private var tags = 0

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    private static func method(_ method: some Method, _ channel: UInt16 = 1) -> [UInt8] { MalformedFramesTests.method(method, channel) }
    private static func frame(_ type: UInt8, _ channel: UInt16, _ payload: [UInt8]) -> [UInt8] {
        MalformedFramesTests.frame(type, channel, payload)
    }

    // MARK: What is right

    /// Steps of a client that does everything right, on channels 1, 2 (confirms) and 3 (transactions). They need the queue `q`
    /// and the exchange `x`.
    mutating func goodSteps() -> [UInt8] {
        var bytes = Self.method(ConfirmSelect(), 2) + Self.method(TxSelect(), 3)
        for _ in 0..<Int.random(in: 0...12, using: &random) { bytes += goodStep(UInt16.random(in: 1...3, using: &random)) }
        return bytes
    }

    private mutating func goodStep(_ channel: UInt16) -> [UInt8] {
        tags += 1
        switch Int.random(in: 0..<15, using: &random) {
        case 0: return Self.method(QueueDeclare(queue: "q"), channel)
        case 1:
            return Self.method(QueueDeclare(queue: "", exclusive: true, autoDelete: true, arguments: ["x-max-length": .int32(9)]), channel)
        case 2:
            return Self.method(QueueBind(queue: "q", exchange: "x", routingKey: "k.\(random.text(9))", arguments: random.table()), channel)
        case 3: return Self.method(ExchangeDeclare(exchange: "x", type: "topic"), channel)
        case 4: return Self.method(BasicConsume(queue: "q", consumerTag: "t\(tags)", noAck: Bool.random(using: &random)), channel)
        case 5: return Self.method(BasicCancel(consumerTag: "t\(tags - 1)"), channel)
        case 6: return Self.method(BasicGet(queue: "q", noAck: Bool.random(using: &random)), channel)
        case 7: return Self.method(BasicAck(deliveryTag: 0, multiple: true), channel)
        case 8: return Self.method(BasicNack(deliveryTag: 0, multiple: true, requeue: Bool.random(using: &random)), channel)
        case 9: return Self.method(BasicQos(prefetchCount: .random(in: 0...9, using: &random)), channel)
        case 10: return Self.method(BasicRecover(requeue: true), channel)
        case 11 where channel == 3: return Bool.random(using: &random) ? Self.method(TxCommit(), 3) : Self.method(TxRollback(), 3)
        case 12: return Self.frame(8, 0, [])
        default: return publish(channel)
        }
    }

    private mutating func publish(_ channel: UInt16) -> [UInt8] {
        let exchange = Bool.random(using: &random) ? "" : "x"
        var properties = random.properties()
        properties.userID = nil  // must be the user's own
        let method = BasicPublish(exchange: exchange, routingKey: "q", mandatory: Bool.random(using: &random))
        let message = MachineClient.publish(method, properties, body: random.bytes(500), channel: channel, frameMax: 256)
        return Array(message.readableBytesView)
    }

    // MARK: What is wrong

    private static let publishMethod = method(BasicPublish(exchange: "", routingKey: "q"))
    private static func header(_ size: UInt64, class number: UInt16 = 60, weight: UInt16 = 0, _ properties: [UInt8] = [0, 0]) -> [UInt8] {
        MalformedFramesTests.header(size: size, class: number, weight: weight, properties)
    }

    private mutating func unknownMethod() -> [UInt8] {
        while true {
            let number = UInt32.random(in: 0...0x00FF_00FF, using: &random)
            guard MethodID(rawValue: number) == nil else { continue }
            return Self.frame(1, 1, withUnsafeBytes(of: number.bigEndian) { Array($0) } + random.bytes(20))
        }
    }

    /// A method that only brokers send.
    private mutating func brokersMethod() -> [UInt8] {
        let all: [[UInt8]] = [
            Self.method(BasicGetEmpty()), Self.method(QueueDeclareOK(queue: "q", messageCount: 1, consumerCount: 1)),
            Self.method(BasicDeliver(consumerTag: "t", deliveryTag: 1, redelivered: false, exchange: "", routingKey: "q")),
            Self.method(ConfirmSelectOK()), Self.method(TxSelectOK()), Self.method(ChannelOpenOK()), Self.method(BasicQosOK()),
        ]
        return all.randomElement(using: &random) ?? []
    }

    private mutating func deepTable() -> [UInt8] {
        var table: FieldTable = [:]
        for _ in 0..<Int.random(in: 33...60, using: &random) {
            table = Bool.random(using: &random) ? ["t": .table(table)] : ["a": .array([.table(table)])]
        }
        return Self.method(QueueDeclare(queue: "q", arguments: table))
    }

    /// Cut within its fields: what is left is no method any more.
    private mutating func cutMethod() -> [UInt8] {
        let whole = Self.method(QueueDeclare(queue: "some queue", arguments: ["a": .int64(1)]))
        let payload = Array(whole[7..<whole.count - 1])
        return Self.frame(1, 1, Array(payload[..<Int.random(in: 4..<payload.count, using: &random)]))
    }

    /// A mistake of an open connection.
    mutating func mistake() -> Mistake {
        let junk = random.bytes(30)
        let number = UInt16.random(in: 20...90, using: &random)
        let all: [Mistake] = [
            Mistake("unknown frame type", Self.frame(.random(in: 9...255, using: &random), 1, junk), 501),
            Mistake(
                "wrong end octet", MalformedFramesTests.frame(1, 1, [0, 20, 0, 10, 0], end: .random(in: 0...0xCD, using: &random)), 501),
            Mistake("frame over frame_max", [.random(in: 1...3, using: &random), 0, 1, 0x7F, 0xFF, 0xFF, 0xFF], 501),
            Mistake("heartbeat with a payload", Self.frame(8, 0, [1] + junk), 501),
            Mistake("heartbeat on a channel", Self.frame(8, 1, []), 505),
            Mistake("unknown method", unknownMethod(), 503),
            Mistake("method of a broker", brokersMethod(), 503),
            Mistake("method of class connection on a channel", Self.method(ConnectionTuneOK(channelMax: 1, frameMax: 4_096)), 503),
            Mistake("a second connection.open", Self.method(ConnectionOpen(virtualHost: random.text(5)), 0), 503),
            Mistake("method of a channel on channel 0", Self.method(BasicAck(deliveryTag: 1), 0), 503),
            Mistake("content on channel 0", Self.frame(.random(in: 2...3, using: &random), 0, junk), 505),
            Mistake("second channel.open", Self.method(ChannelOpen(), .random(in: 1...3, using: &random)), 504),
            Mistake("channel that is not open", Self.method(BasicGet(queue: "q"), number), 504),
            Mistake("content on a channel that is not open", Self.frame(3, number, junk), 505),
            Mistake("cut fields", cutMethod(), 501),
            Mistake("unknown type in a table", Self.frame(1, 1, MalformedFramesTests.declareStart + [0, 0, 0, 3, 1, 0x61, 0x3F]), 502),
            Mistake("table too deep", deepTable(), 502),
            Mistake("name that is no text", Self.frame(1, 1, [0, 50, 0, 10, 0, 0, 2, 0x61, 0xFF, 0, 0, 0, 0, 0]), 501),
            Mistake("body without publish", Self.frame(3, 1, junk), 505),
            Mistake("header without publish", Self.header(1), 505),
            Mistake("method instead of a header", Self.publishMethod + Self.method(BasicQos(prefetchCount: 1)), 505),
            Mistake("method instead of a body", Self.publishMethod + Self.header(9) + Self.method(BasicQos(prefetchCount: 1)), 505),
            Mistake("second header", Self.publishMethod + Self.header(9) + Self.header(9), 505),
            Mistake("header of another class", Self.publishMethod + Self.header(1, class: .random(in: 61...90, using: &random)), 505),
            Mistake("header with weight", Self.publishMethod + Self.header(1, weight: .random(in: 1...9, using: &random)), 505),
            Mistake(
                "body longer than its header says",
                Self.publishMethod + Self.header(3) + Self.frame(3, 1, [1, 2]) + Self.frame(3, 1, [3, 4]), 501),
            Mistake("cut properties", Self.publishMethod + Self.header(1, [0x80, 0, 200, 1]), 501),
            Mistake("property flags that do not exist", Self.publishMethod + Self.header(1, [0, 1]), 502),
            Mistake("immediate", Self.method(BasicPublish(exchange: "", routingKey: random.text(5), immediate: true)), 540),
            Mistake("prefetch size", Self.method(BasicQos(prefetchSize: .random(in: 1...9, using: &random))), 540),
            Mistake("channel.flow off", Self.method(ChannelFlow(active: false)), 540),
            Mistake("exchange type that does not exist", Self.method(ExchangeDeclare(exchange: "y", type: "no " + random.text(5))), 503),
            Mistake(
                "too many consumers", (0...40).flatMap { Self.method(BasicConsume(queue: "q", consumerTag: "many\($0)", noWait: true)) },
                506),
            Mistake("more channels than agreed", (4...101 as ClosedRange<UInt16>).flatMap { Self.method(ChannelOpen(), $0) }, 530),
            Mistake(
                "consumer tag twice",
                Self.method(BasicConsume(queue: "q", consumerTag: "same")) + Self.method(BasicConsume(queue: "q", consumerTag: "same")), 530
            ),
            Mistake("no such queue", Self.method(BasicGet(queue: "none")), channel: 404),
            Mistake("no such exchange", Self.method(BasicPublish(exchange: "none", routingKey: "q")) + Self.header(0), channel: 404),
            Mistake("reserved name", Self.method(QueueDeclare(queue: "amq." + random.text(5))), channel: 403),
            Mistake("binding to the default exchange", Self.method(QueueBind(queue: "q", exchange: "", routingKey: "k")), channel: 403),
            Mistake("somebody else's queue", Self.method(BasicGet(queue: "theirs")), channel: 405),
            Mistake("other arguments", Self.method(QueueDeclare(queue: "q", durable: true)), channel: 406),
            Mistake(
                "delivery tag that never was", Self.method(BasicAck(deliveryTag: .random(in: 100_000...200_000, using: &random))),
                channel: 406),
            Mistake("transaction on a channel without", Self.method(TxCommit()), channel: 406),
            Mistake(
                "message over the limit", Self.publishMethod + Self.header(.random(in: 1 << 30...UInt64.max, using: &random)), channel: 406),
        ]
        return all[Int.random(in: 0..<all.count, using: &random)]
    }

    /// A mistake before the connection is open; the bytes are all that the client sends.
    mutating func earlyMistake() -> Mistake {
        let start = LiveClient.protocolHeader
        let login = start + Self.method(ConnectionStartOK(mechanism: "PLAIN", response: Array("\0guest\0guest".utf8)), 0)
        let tuned = login + Self.method(ConnectionTuneOK(channelMax: 10, frameMax: 8_192), 0)
        let all: [Mistake] = [
            Mistake("channel before the login", start + Self.method(ChannelOpen()), 505),
            Mistake("content before the login", start + Self.frame(.random(in: 2...3, using: &random), 0, random.bytes(9)), 505),
            Mistake("tune-ok first", start + Self.method(ConnectionTuneOK(channelMax: 1, frameMax: 4_096), 0), 503),
            Mistake("open first", start + Self.method(ConnectionOpen(virtualHost: "/"), 0), 503),
            Mistake("unknown mechanism", start + Self.method(ConnectionStartOK(mechanism: "X" + random.text(5), response: []), 0), 503),
            Mistake("login that is none", start + Self.method(ConnectionStartOK(mechanism: "PLAIN", response: [1, 2]), 0), 502),
            Mistake(
                "AMQPLAIN that is no table", start + Self.method(ConnectionStartOK(mechanism: "AMQPLAIN", response: [200, 1]), 0), 501),
            Mistake("unknown method", start + Self.frame(1, 0, [0, 10, 0, 99]), 503),
            Mistake("large frame", start + [1, 0, 0, 0, .random(in: 1...255, using: &random), 0, 0], 501),
            Mistake(
                "start-ok twice", login + Self.method(ConnectionStartOK(mechanism: "PLAIN", response: Array("\0guest\0guest".utf8)), 0), 503
            ),
            Mistake("open before tune-ok", login + Self.method(ConnectionOpen(virtualHost: "/"), 0), 503),
            Mistake(
                "frame_max too low",
                login + Self.method(ConnectionTuneOK(channelMax: 10, frameMax: .random(in: 1...4_095, using: &random)), 0), 530),
            Mistake(
                "frame_max too high",
                login + Self.method(ConnectionTuneOK(channelMax: 10, frameMax: .random(in: 131_073 ... .max, using: &random)), 0), 530),
            Mistake("no such virtual host", tuned + Self.method(ConnectionOpen(virtualHost: "/" + random.text(5) + "?"), 0), 530),
            Mistake("channel before open", tuned + Self.method(ChannelOpen()), 505),
        ]
        return all[Int.random(in: 0..<all.count, using: &random)]
    }

    // MARK: Bytes

    /// Changes a few bytes; what it means then, nobody knows.
    mutating func damage(_ bytes: inout [UInt8]) {
        for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: .min ... .max, using: &random)
        }
    }

    /// Parts as a network might deliver them.
    mutating func parts(_ bytes: [UInt8]) -> [[UInt8]] {
        var parts: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = min(rest.count, Int.random(in: 1...900, using: &random))
            parts.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        return parts
    }
}
