package import NIOCore

/// `exchange.bind` and `exchange.unbind`.
package protocol ExchangeBindingMethod: Method {
    var destination: String { get }
    var source: String { get }
    var routingKey: String { get }
    var noWait: Bool { get }
    var arguments: FieldTable { get }

    init(destination: String, source: String, routingKey: String, noWait: Bool, arguments: FieldTable)
}

extension ExchangeBindingMethod {
    package static var layout: [MethodField] {
        [
            .short("reserved-1"), .shortString("destination"), .shortString("source"), .shortString("routing-key"),
            .bit("no-wait"), .table("arguments"),
        ]
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        _ = try reader.short()
        self.init(
            destination: try reader.shortString(), source: try reader.shortString(),
            routingKey: try reader.shortString(), noWait: try reader.octet() & 1 != 0, arguments: try reader.table())
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt16(0))
        buffer.writeShortString(destination)
        buffer.writeShortString(source)
        buffer.writeShortString(routingKey)
        buffer.writeBits(noWait)
        buffer.writeTable(arguments)
    }
}
