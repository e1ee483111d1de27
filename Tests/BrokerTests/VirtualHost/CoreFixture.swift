import Broker
import NIOCore
import Testing

/// A broker core with a virtual host, virtual time and a log that keeps account.
final class CoreFixture {
    let time = VirtualTime()
    let store: LedgerStore?
    let log = LedgerLog()
    let core: BrokerCore
    let host: VirtualHost
    let channel = TestChannel()
    static let me = ConnectionID(rawValue: 1)
    static let other = ConnectionID(rawValue: 2)
    private var tags = 0

    init(store: Bool = true, limits: BrokerLimits = BrokerLimits()) throws {
        self.store = store ? LedgerStore() : nil
        core = BrokerCore(limits: limits, store: self.store, definitions: log, time: time, nodeName: "test")
        host = try core.createHost("/")
    }

    // MARK: Topology

    @discardableResult
    func queue(
        _ name: String, durable: Bool = true, exclusive: Bool = false, autoDelete: Bool = false, passive: Bool = false,
        _ arguments: FieldTable = [:], by requester: ConnectionID = CoreFixture.me
    ) throws(ProtocolFault) -> Queue {
        try host.declareQueue(
            QueueDeclaration(
                name: name, durable: durable, exclusive: exclusive, autoDelete: autoDelete, passive: passive,
                arguments: arguments),
            requester: requester)
    }

    @discardableResult
    func exchange(
        _ name: String, _ type: String = "direct", durable: Bool = true, autoDelete: Bool = false,
        isInternal: Bool = false,
        passive: Bool = false, _ arguments: FieldTable = [:]
    ) throws(ProtocolFault) -> Exchange {
        try host.declareExchange(
            ExchangeDefinition(
                name: name, type: type, durable: durable, autoDelete: autoDelete, isInternal: isInternal,
                arguments: arguments),
            passive: passive)
    }

    func bind(
        _ source: String, to queue: String, _ key: String = "", _ arguments: FieldTable = [:]
    ) throws(ProtocolFault) {
        try host.bind(
            BindingDefinition(source: source, destination: queue, routingKey: key, arguments: arguments),
            requester: CoreFixture.me)
    }

    func unbind(
        _ source: String, from queue: String, _ key: String = "", _ arguments: FieldTable = [:]
    ) throws(ProtocolFault) {
        try host.unbind(
            BindingDefinition(source: source, destination: queue, routingKey: key, arguments: arguments),
            requester: CoreFixture.me)
    }

    func chain(_ source: String, to exchange: String, _ key: String = "") throws(ProtocolFault) {
        try host.bind(
            BindingDefinition(source: source, destination: exchange, destinationIsExchange: true, routingKey: key),
            requester: CoreFixture.me)
    }

    // MARK: Messages

    func message(
        _ body: String, to exchange: String = "", _ key: String = "q", persistent: Bool = true,
        headers: FieldTable? = nil,
        expiration: String? = nil, priority: UInt8? = nil, messageID: String? = nil
    ) -> Message {
        var properties = BasicProperties()
        properties.deliveryMode = persistent ? 2 : 1
        properties.headers = headers
        properties.expiration = expiration
        properties.priority = priority
        properties.messageID = messageID
        return Message(
            exchange: exchange, routingKey: key, properties: properties.encoded(), body: ByteBuffer(string: body),
            attributes: MessageAttributes(properties))
    }

    @discardableResult
    func publish(
        _ body: String, to exchange: String = "", _ key: String = "q", persistent: Bool = true,
        headers: FieldTable? = nil,
        expiration: String? = nil, priority: UInt8? = nil
    ) throws(ProtocolFault) -> PublishOutcome {
        try host.publish(
            message(
                body, to: exchange, key, persistent: persistent, headers: headers, expiration: expiration,
                priority: priority))
    }

    @discardableResult
    func consume(
        _ queue: Queue, on channel: TestChannel? = nil, noAck: Bool = false, exclusive: Bool = false,
        priority: Int32 = 0, prefetch: UInt16 = 0, _ arguments: FieldTable = [:]
    ) throws(ProtocolFault) -> Consumer {
        tags += 1
        let consumer = Consumer(
            tag: "c\(tags)", queue: queue, channel: channel ?? self.channel, noAck: noAck, isExclusive: exclusive,
            priority: priority, arguments: arguments, prefetch: prefetch)
        try queue.subscribe(consumer)
        return consumer
    }

    /// Fetches and acknowledges all that waits, and returns the bodies.
    func drain(_ queue: Queue) -> [String] {
        var bodies: [String] = []
        while let (entry, message, _) = queue.get() {
            bodies.append(String(buffer: message.body))
            queue.acknowledge(entry)
        }
        return bodies
    }

    func drain(_ queue: String) throws -> [String] { drain(try host.queue(queue, requester: CoreFixture.me)) }

    /// The headers of the message at the head, which is acknowledged.
    func takeHeaders(_ queue: Queue) throws -> FieldTable {
        let (entry, message, _) = try #require(queue.get())
        queue.acknowledge(entry)
        return try message.headers()
    }

    /// All settled, nothing left behind, nothing done twice.
    func checkBooks(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(store?.violations ?? [] == [], sourceLocation: sourceLocation)
        let held = core.statistics.readyMessages + core.statistics.unacknowledgedMessages
        if held == 0 {
            #expect(core.memoryInUse == 0, sourceLocation: sourceLocation)
            #expect(store?.liveCount ?? 0 == 0, sourceLocation: sourceLocation)
        }
    }
}

/// The fault that something throws, or nil.
func fault(_ body: () throws -> Void) -> ProtocolFault? {
    do {
        try body()
        return nil
    } catch {
        return error as? ProtocolFault
    }
}
