package import NIOCore

// The methods of class `basic` (60), field by field as AMQP 0-9-1 lists them; `MethodTableTests` compares `layout` with the
// machine-readable specification. Reserved fields are read over, and written as zero.

/// `basic.qos`, sent to the server.
package struct BasicQos: Method {
    package static let id = MethodID.basicQos
    package static let layout: [MethodField] = [.long("prefetch-size"), .short("prefetch-count"), .bit("global")]

    package var prefetchSize: UInt32
    package var prefetchCount: UInt16
    package var global: Bool

    package init(prefetchSize: UInt32 = 0, prefetchCount: UInt16 = 0, global: Bool = false) {
        self.prefetchSize = prefetchSize
        self.prefetchCount = prefetchCount
        self.global = global
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        prefetchSize = try reader.long()
        prefetchCount = try reader.short()
        let bits = try reader.octet()
        global = bits & 1 != 0
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(prefetchSize)
        buffer.writeInteger(prefetchCount)
        buffer.writeBits(global)
    }
}

/// `basic.qos-ok`, sent to the client.
package struct BasicQosOK: BareMethod {
    package static let id = MethodID.basicQosOK

    package init() {}
}

/// `basic.consume`, sent to the server.
package struct BasicConsume: Method {
    package static let id = MethodID.basicConsume
    package static let layout: [MethodField] = [
        .short("reserved-1"), .shortString("queue"), .shortString("consumer-tag"), .bit("no-local"), .bit("no-ack"),
        .bit("exclusive"), .bit("no-wait"), .table("arguments"),
    ]

    package var queue: String
    package var consumerTag: String
    package var noLocal: Bool
    package var noAck: Bool
    package var exclusive: Bool
    package var noWait: Bool
    package var arguments: FieldTable

    package init(
        queue: String = "", consumerTag: String = "", noLocal: Bool = false, noAck: Bool = false,
        exclusive: Bool = false, noWait: Bool = false, arguments: FieldTable = [:]
    ) {
        self.queue = queue
        self.consumerTag = consumerTag
        self.noLocal = noLocal
        self.noAck = noAck
        self.exclusive = exclusive
        self.noWait = noWait
        self.arguments = arguments
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        _ = try reader.short()
        queue = try reader.shortString()
        consumerTag = try reader.shortString()
        let bits = try reader.octet()
        noLocal = bits & 1 != 0
        noAck = bits & 2 != 0
        exclusive = bits & 4 != 0
        noWait = bits & 8 != 0
        arguments = try reader.table()
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt16(0))
        buffer.writeShortString(queue)
        buffer.writeShortString(consumerTag)
        buffer.writeBits(noLocal, noAck, exclusive, noWait)
        buffer.writeTable(arguments)
    }
}

/// `basic.consume-ok`, sent to the client.
package struct BasicConsumeOK: SingleFieldMethod {
    package static let id = MethodID.basicConsumeOK
    package static let fieldName = "consumer-tag"

    package var consumerTag: String
    package var field: String { consumerTag }

    package init(consumerTag: String = "") { self.consumerTag = consumerTag }

    package init(field: String) { consumerTag = field }
}

/// `basic.cancel`, sent by either side.
package struct BasicCancel: Method {
    package static let id = MethodID.basicCancel
    package static let layout: [MethodField] = [.shortString("consumer-tag"), .bit("no-wait")]

    package var consumerTag: String
    package var noWait: Bool

    package init(consumerTag: String = "", noWait: Bool = false) {
        self.consumerTag = consumerTag
        self.noWait = noWait
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        consumerTag = try reader.shortString()
        let bits = try reader.octet()
        noWait = bits & 1 != 0
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeShortString(consumerTag)
        buffer.writeBits(noWait)
    }
}

/// `basic.cancel-ok`, sent by either side.
package struct BasicCancelOK: SingleFieldMethod {
    package static let id = MethodID.basicCancelOK
    package static let fieldName = "consumer-tag"

    package var consumerTag: String
    package var field: String { consumerTag }

    package init(consumerTag: String = "") { self.consumerTag = consumerTag }

    package init(field: String) { consumerTag = field }
}

/// `basic.publish`, sent to the server; content follows.
package struct BasicPublish: Method {
    package static let id = MethodID.basicPublish
    package static let layout: [MethodField] = [
        .short("reserved-1"), .shortString("exchange"), .shortString("routing-key"), .bit("mandatory"),
        .bit("immediate"),
    ]

    package var exchange: String
    package var routingKey: String
    package var mandatory: Bool
    package var immediate: Bool

    package init(exchange: String = "", routingKey: String = "", mandatory: Bool = false, immediate: Bool = false) {
        self.exchange = exchange
        self.routingKey = routingKey
        self.mandatory = mandatory
        self.immediate = immediate
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        _ = try reader.short()
        exchange = try reader.shortString()
        routingKey = try reader.shortString()
        let bits = try reader.octet()
        mandatory = bits & 1 != 0
        immediate = bits & 2 != 0
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt16(0))
        buffer.writeShortString(exchange)
        buffer.writeShortString(routingKey)
        buffer.writeBits(mandatory, immediate)
    }
}

/// `basic.return`, sent to the client; content follows.
package struct BasicReturn: Method {
    package static let id = MethodID.basicReturn
    package static let layout: [MethodField] = [
        .short("reply-code"), .shortString("reply-text"), .shortString("exchange"), .shortString("routing-key"),
    ]

    package var replyCode: UInt16
    package var replyText: String
    package var exchange: String
    package var routingKey: String

    package init(replyCode: UInt16 = 0, replyText: String = "", exchange: String = "", routingKey: String = "") {
        self.replyCode = replyCode
        self.replyText = replyText
        self.exchange = exchange
        self.routingKey = routingKey
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        replyCode = try reader.short()
        replyText = try reader.shortString()
        exchange = try reader.shortString()
        routingKey = try reader.shortString()
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(replyCode)
        buffer.writeShortString(replyText)
        buffer.writeShortString(exchange)
        buffer.writeShortString(routingKey)
    }
}

/// `basic.deliver`, sent to the client; content follows.
package struct BasicDeliver: Method {
    package static let id = MethodID.basicDeliver
    package static let layout: [MethodField] = [
        .shortString("consumer-tag"), .longLong("delivery-tag"), .bit("redelivered"), .shortString("exchange"),
        .shortString("routing-key"),
    ]

    package var consumerTag: String
    package var deliveryTag: UInt64
    package var redelivered: Bool
    package var exchange: String
    package var routingKey: String

    package init(
        consumerTag: String = "", deliveryTag: UInt64 = 0, redelivered: Bool = false, exchange: String = "",
        routingKey: String = ""
    ) {
        self.consumerTag = consumerTag
        self.deliveryTag = deliveryTag
        self.redelivered = redelivered
        self.exchange = exchange
        self.routingKey = routingKey
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        consumerTag = try reader.shortString()
        deliveryTag = try reader.longLong()
        let bits = try reader.octet()
        redelivered = bits & 1 != 0
        exchange = try reader.shortString()
        routingKey = try reader.shortString()
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeShortString(consumerTag)
        buffer.writeInteger(deliveryTag)
        buffer.writeBits(redelivered)
        buffer.writeShortString(exchange)
        buffer.writeShortString(routingKey)
    }
}

/// `basic.get`, sent to the server.
package struct BasicGet: Method {
    package static let id = MethodID.basicGet
    package static let layout: [MethodField] = [.short("reserved-1"), .shortString("queue"), .bit("no-ack")]

    package var queue: String
    package var noAck: Bool

    package init(queue: String = "", noAck: Bool = false) {
        self.queue = queue
        self.noAck = noAck
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        _ = try reader.short()
        queue = try reader.shortString()
        let bits = try reader.octet()
        noAck = bits & 1 != 0
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt16(0))
        buffer.writeShortString(queue)
        buffer.writeBits(noAck)
    }
}

/// `basic.get-ok`, sent to the client; content follows.
package struct BasicGetOK: Method {
    package static let id = MethodID.basicGetOK
    package static let layout: [MethodField] = [
        .longLong("delivery-tag"), .bit("redelivered"), .shortString("exchange"), .shortString("routing-key"),
        .long("message-count"),
    ]

    package var deliveryTag: UInt64
    package var redelivered: Bool
    package var exchange: String
    package var routingKey: String
    package var messageCount: UInt32

    package init(
        deliveryTag: UInt64 = 0, redelivered: Bool = false, exchange: String = "", routingKey: String = "",
        messageCount: UInt32 = 0
    ) {
        self.deliveryTag = deliveryTag
        self.redelivered = redelivered
        self.exchange = exchange
        self.routingKey = routingKey
        self.messageCount = messageCount
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        deliveryTag = try reader.longLong()
        let bits = try reader.octet()
        redelivered = bits & 1 != 0
        exchange = try reader.shortString()
        routingKey = try reader.shortString()
        messageCount = try reader.long()
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(deliveryTag)
        buffer.writeBits(redelivered)
        buffer.writeShortString(exchange)
        buffer.writeShortString(routingKey)
        buffer.writeInteger(messageCount)
    }
}

/// `basic.get-empty`, sent to the client.
package struct BasicGetEmpty: ReservedFieldMethod {
    package static let id = MethodID.basicGetEmpty
    package typealias Reserved = String

    package init() {}
}

/// `basic.ack`, sent by either side.
package struct BasicAck: Method {
    package static let id = MethodID.basicAck
    package static let layout: [MethodField] = [.longLong("delivery-tag"), .bit("multiple")]

    package var deliveryTag: UInt64
    package var multiple: Bool

    package init(deliveryTag: UInt64 = 0, multiple: Bool = false) {
        self.deliveryTag = deliveryTag
        self.multiple = multiple
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        deliveryTag = try reader.longLong()
        let bits = try reader.octet()
        multiple = bits & 1 != 0
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(deliveryTag)
        buffer.writeBits(multiple)
    }
}

/// `basic.reject`, sent to the server.
package struct BasicReject: Method {
    package static let id = MethodID.basicReject
    package static let layout: [MethodField] = [.longLong("delivery-tag"), .bit("requeue")]

    package var deliveryTag: UInt64
    package var requeue: Bool

    package init(deliveryTag: UInt64 = 0, requeue: Bool = false) {
        self.deliveryTag = deliveryTag
        self.requeue = requeue
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        deliveryTag = try reader.longLong()
        let bits = try reader.octet()
        requeue = bits & 1 != 0
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(deliveryTag)
        buffer.writeBits(requeue)
    }
}

/// `basic.recover-async`, sent to the server.
package struct BasicRecoverAsync: SingleFieldMethod {
    package static let id = MethodID.basicRecoverAsync
    package static let fieldName = "requeue"

    package var requeue: Bool
    package var field: Bool { requeue }

    package init(requeue: Bool = false) { self.requeue = requeue }

    package init(field: Bool) { requeue = field }
}

/// `basic.recover`, sent to the server.
package struct BasicRecover: SingleFieldMethod {
    package static let id = MethodID.basicRecover
    package static let fieldName = "requeue"

    package var requeue: Bool
    package var field: Bool { requeue }

    package init(requeue: Bool = false) { self.requeue = requeue }

    package init(field: Bool) { requeue = field }
}

/// `basic.recover-ok`, sent to the client.
package struct BasicRecoverOK: BareMethod {
    package static let id = MethodID.basicRecoverOK

    package init() {}
}

/// `basic.nack`, sent by either side.
package struct BasicNack: Method {
    package static let id = MethodID.basicNack
    package static let layout: [MethodField] = [.longLong("delivery-tag"), .bit("multiple"), .bit("requeue")]

    package var deliveryTag: UInt64
    package var multiple: Bool
    package var requeue: Bool

    package init(deliveryTag: UInt64 = 0, multiple: Bool = false, requeue: Bool = false) {
        self.deliveryTag = deliveryTag
        self.multiple = multiple
        self.requeue = requeue
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        deliveryTag = try reader.longLong()
        let bits = try reader.octet()
        multiple = bits & 1 != 0
        requeue = bits & 2 != 0
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(deliveryTag)
        buffer.writeBits(multiple, requeue)
    }
}
