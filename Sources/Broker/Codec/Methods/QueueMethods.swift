package import NIOCore

// The methods of class `queue` (50), field by field as AMQP 0-9-1 lists them; `MethodTableTests` compares `layout` with the
// machine-readable specification. Reserved fields are read over, and written as zero.

/// `queue.declare`, sent to the server.
package struct QueueDeclare: Method {
    package static let id = MethodID.queueDeclare
    package static let layout: [MethodField] = [
        .short("reserved-1"), .shortString("queue"), .bit("passive"), .bit("durable"), .bit("exclusive"),
        .bit("auto-delete"), .bit("no-wait"), .table("arguments"),
    ]

    package var queue: String
    package var passive: Bool
    package var durable: Bool
    package var exclusive: Bool
    package var autoDelete: Bool
    package var noWait: Bool
    package var arguments: FieldTable

    package init(
        queue: String = "", passive: Bool = false, durable: Bool = false, exclusive: Bool = false,
        autoDelete: Bool = false, noWait: Bool = false, arguments: FieldTable = [:]
    ) {
        self.queue = queue
        self.passive = passive
        self.durable = durable
        self.exclusive = exclusive
        self.autoDelete = autoDelete
        self.noWait = noWait
        self.arguments = arguments
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        _ = try reader.short()
        queue = try reader.shortString()
        let bits = try reader.octet()
        passive = bits & 1 != 0
        durable = bits & 2 != 0
        exclusive = bits & 4 != 0
        autoDelete = bits & 8 != 0
        noWait = bits & 16 != 0
        arguments = try reader.table()
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt16(0))
        buffer.writeShortString(queue)
        buffer.writeBits(passive, durable, exclusive, autoDelete, noWait)
        buffer.writeTable(arguments)
    }
}

/// `queue.declare-ok`, sent to the client.
package struct QueueDeclareOK: Method {
    package static let id = MethodID.queueDeclareOK
    package static let layout: [MethodField] = [.shortString("queue"), .long("message-count"), .long("consumer-count")]

    package var queue: String
    package var messageCount: UInt32
    package var consumerCount: UInt32

    package init(queue: String = "", messageCount: UInt32 = 0, consumerCount: UInt32 = 0) {
        self.queue = queue
        self.messageCount = messageCount
        self.consumerCount = consumerCount
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        queue = try reader.shortString()
        messageCount = try reader.long()
        consumerCount = try reader.long()
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeShortString(queue)
        buffer.writeInteger(messageCount)
        buffer.writeInteger(consumerCount)
    }
}

/// `queue.bind`, sent to the server.
package struct QueueBind: Method {
    package static let id = MethodID.queueBind
    package static let layout: [MethodField] = [
        .short("reserved-1"), .shortString("queue"), .shortString("exchange"), .shortString("routing-key"),
        .bit("no-wait"), .table("arguments"),
    ]

    package var queue: String
    package var exchange: String
    package var routingKey: String
    package var noWait: Bool
    package var arguments: FieldTable

    package init(
        queue: String = "", exchange: String = "", routingKey: String = "", noWait: Bool = false,
        arguments: FieldTable = [:]
    ) {
        self.queue = queue
        self.exchange = exchange
        self.routingKey = routingKey
        self.noWait = noWait
        self.arguments = arguments
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        _ = try reader.short()
        queue = try reader.shortString()
        exchange = try reader.shortString()
        routingKey = try reader.shortString()
        let bits = try reader.octet()
        noWait = bits & 1 != 0
        arguments = try reader.table()
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt16(0))
        buffer.writeShortString(queue)
        buffer.writeShortString(exchange)
        buffer.writeShortString(routingKey)
        buffer.writeBits(noWait)
        buffer.writeTable(arguments)
    }
}

/// `queue.bind-ok`, sent to the client.
package struct QueueBindOK: BareMethod {
    package static let id = MethodID.queueBindOK

    package init() {}
}

/// `queue.unbind`, sent to the server.
package struct QueueUnbind: Method {
    package static let id = MethodID.queueUnbind
    package static let layout: [MethodField] = [
        .short("reserved-1"), .shortString("queue"), .shortString("exchange"), .shortString("routing-key"),
        .table("arguments"),
    ]

    package var queue: String
    package var exchange: String
    package var routingKey: String
    package var arguments: FieldTable

    package init(queue: String = "", exchange: String = "", routingKey: String = "", arguments: FieldTable = [:]) {
        self.queue = queue
        self.exchange = exchange
        self.routingKey = routingKey
        self.arguments = arguments
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        _ = try reader.short()
        queue = try reader.shortString()
        exchange = try reader.shortString()
        routingKey = try reader.shortString()
        arguments = try reader.table()
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt16(0))
        buffer.writeShortString(queue)
        buffer.writeShortString(exchange)
        buffer.writeShortString(routingKey)
        buffer.writeTable(arguments)
    }
}

/// `queue.unbind-ok`, sent to the client.
package struct QueueUnbindOK: BareMethod {
    package static let id = MethodID.queueUnbindOK

    package init() {}
}

/// `queue.purge`, sent to the server.
package struct QueuePurge: Method {
    package static let id = MethodID.queuePurge
    package static let layout: [MethodField] = [.short("reserved-1"), .shortString("queue"), .bit("no-wait")]

    package var queue: String
    package var noWait: Bool

    package init(queue: String = "", noWait: Bool = false) {
        self.queue = queue
        self.noWait = noWait
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        _ = try reader.short()
        queue = try reader.shortString()
        let bits = try reader.octet()
        noWait = bits & 1 != 0
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt16(0))
        buffer.writeShortString(queue)
        buffer.writeBits(noWait)
    }
}

/// `queue.purge-ok`, sent to the client.
package struct QueuePurgeOK: SingleFieldMethod {
    package static let id = MethodID.queuePurgeOK
    package static let fieldName = "message-count"

    package var messageCount: UInt32
    package var field: UInt32 { messageCount }

    package init(messageCount: UInt32 = 0) { self.messageCount = messageCount }

    package init(field: UInt32) { messageCount = field }
}

/// `queue.delete`, sent to the server.
package struct QueueDelete: Method {
    package static let id = MethodID.queueDelete
    package static let layout: [MethodField] = [
        .short("reserved-1"), .shortString("queue"), .bit("if-unused"), .bit("if-empty"), .bit("no-wait"),
    ]

    package var queue: String
    package var ifUnused: Bool
    package var ifEmpty: Bool
    package var noWait: Bool

    package init(queue: String = "", ifUnused: Bool = false, ifEmpty: Bool = false, noWait: Bool = false) {
        self.queue = queue
        self.ifUnused = ifUnused
        self.ifEmpty = ifEmpty
        self.noWait = noWait
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        _ = try reader.short()
        queue = try reader.shortString()
        let bits = try reader.octet()
        ifUnused = bits & 1 != 0
        ifEmpty = bits & 2 != 0
        noWait = bits & 4 != 0
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt16(0))
        buffer.writeShortString(queue)
        buffer.writeBits(ifUnused, ifEmpty, noWait)
    }
}

/// `queue.delete-ok`, sent to the client.
package struct QueueDeleteOK: SingleFieldMethod {
    package static let id = MethodID.queueDeleteOK
    package static let fieldName = "message-count"

    package var messageCount: UInt32
    package var field: UInt32 { messageCount }

    package init(messageCount: UInt32 = 0) { self.messageCount = messageCount }

    package init(field: UInt32) { messageCount = field }
}
