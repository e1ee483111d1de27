package import NIOCore

// The methods of class `access` (30), field by field as AMQP 0-9-1 lists them; `MethodTableTests` compares `layout` with the
// machine-readable specification. Reserved fields are read over, and written as zero.

/// `access.request`, sent to the server.
package struct AccessRequest: Method {
    package static let id = MethodID.accessRequest
    package static let layout: [MethodField] = [
        .shortString("realm"), .bit("exclusive"), .bit("passive"), .bit("active"), .bit("write"), .bit("read"),
    ]

    package var realm: String
    package var exclusive: Bool
    package var passive: Bool
    package var active: Bool
    package var write: Bool
    package var read: Bool

    package init(
        realm: String = "", exclusive: Bool = false, passive: Bool = false, active: Bool = false, write: Bool = false,
        read: Bool = false
    ) {
        self.realm = realm
        self.exclusive = exclusive
        self.passive = passive
        self.active = active
        self.write = write
        self.read = read
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        realm = try reader.shortString()
        let bits = try reader.octet()
        exclusive = bits & 1 != 0
        passive = bits & 2 != 0
        active = bits & 4 != 0
        write = bits & 8 != 0
        read = bits & 16 != 0
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeShortString(realm)
        buffer.writeBits(exclusive, passive, active, write, read)
    }
}

/// `access.request-ok`, sent to the client.
package struct AccessRequestOK: ReservedFieldMethod {
    package static let id = MethodID.accessRequestOK
    package typealias Reserved = UInt16

    package init() {}
}
