package import NIOCore

// The methods of class `exchange` (40), field by field as AMQP 0-9-1 lists them; `MethodTableTests` compares `layout` with the
// machine-readable specification. Reserved fields are read over, and written as zero.

/// `exchange.declare`, sent to the server.
package struct ExchangeDeclare: Method {
    package static let id = MethodID.exchangeDeclare
    package static let layout: [MethodField] = [
        .short("reserved-1"), .shortString("exchange"), .shortString("type"), .bit("passive"), .bit("durable"),
        .bit("auto-delete"), .bit("internal"), .bit("no-wait"), .table("arguments"),
    ]

    package var exchange: String
    package var type: String
    package var passive: Bool
    package var durable: Bool
    package var autoDelete: Bool
    package var isInternal: Bool
    package var noWait: Bool
    package var arguments: FieldTable

    package init(
        exchange: String = "", type: String = "", passive: Bool = false, durable: Bool = false,
        autoDelete: Bool = false, isInternal: Bool = false, noWait: Bool = false, arguments: FieldTable = [:]
    ) {
        self.exchange = exchange
        self.type = type
        self.passive = passive
        self.durable = durable
        self.autoDelete = autoDelete
        self.isInternal = isInternal
        self.noWait = noWait
        self.arguments = arguments
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        _ = try reader.short()
        exchange = try reader.shortString()
        type = try reader.shortString()
        let bits = try reader.octet()
        passive = bits & 1 != 0
        durable = bits & 2 != 0
        autoDelete = bits & 4 != 0
        isInternal = bits & 8 != 0
        noWait = bits & 16 != 0
        arguments = try reader.table()
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt16(0))
        buffer.writeShortString(exchange)
        buffer.writeShortString(type)
        buffer.writeBits(passive, durable, autoDelete, isInternal, noWait)
        buffer.writeTable(arguments)
    }
}

/// `exchange.declare-ok`, sent to the client.
package struct ExchangeDeclareOK: BareMethod {
    package static let id = MethodID.exchangeDeclareOK

    package init() {}
}

/// `exchange.delete`, sent to the server.
package struct ExchangeDelete: Method {
    package static let id = MethodID.exchangeDelete
    package static let layout: [MethodField] = [
        .short("reserved-1"), .shortString("exchange"), .bit("if-unused"), .bit("no-wait"),
    ]

    package var exchange: String
    package var ifUnused: Bool
    package var noWait: Bool

    package init(exchange: String = "", ifUnused: Bool = false, noWait: Bool = false) {
        self.exchange = exchange
        self.ifUnused = ifUnused
        self.noWait = noWait
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        _ = try reader.short()
        exchange = try reader.shortString()
        let bits = try reader.octet()
        ifUnused = bits & 1 != 0
        noWait = bits & 2 != 0
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt16(0))
        buffer.writeShortString(exchange)
        buffer.writeBits(ifUnused, noWait)
    }
}

/// `exchange.delete-ok`, sent to the client.
package struct ExchangeDeleteOK: BareMethod {
    package static let id = MethodID.exchangeDeleteOK

    package init() {}
}

/// `exchange.bind`, sent to the server.
package struct ExchangeBind: ExchangeBindingMethod {
    package static let id = MethodID.exchangeBind

    package var destination: String
    package var source: String
    package var routingKey: String
    package var noWait: Bool
    package var arguments: FieldTable

    package init(
        destination: String = "", source: String = "", routingKey: String = "", noWait: Bool = false,
        arguments: FieldTable = [:]
    ) {
        self.destination = destination
        self.source = source
        self.routingKey = routingKey
        self.noWait = noWait
        self.arguments = arguments
    }
}

/// `exchange.bind-ok`, sent to the client.
package struct ExchangeBindOK: BareMethod {
    package static let id = MethodID.exchangeBindOK

    package init() {}
}

/// `exchange.unbind`, sent to the server.
package struct ExchangeUnbind: ExchangeBindingMethod {
    package static let id = MethodID.exchangeUnbind

    package var destination: String
    package var source: String
    package var routingKey: String
    package var noWait: Bool
    package var arguments: FieldTable

    package init(
        destination: String = "", source: String = "", routingKey: String = "", noWait: Bool = false,
        arguments: FieldTable = [:]
    ) {
        self.destination = destination
        self.source = source
        self.routingKey = routingKey
        self.noWait = noWait
        self.arguments = arguments
    }
}

/// `exchange.unbind-ok`, sent to the client.
package struct ExchangeUnbindOK: BareMethod {
    package static let id = MethodID.exchangeUnbindOK

    package init() {}
}
