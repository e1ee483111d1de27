package import NIOCore

// The methods of class `confirm` (85), field by field as AMQP 0-9-1 lists them; `MethodTableTests` compares `layout` with the
// machine-readable specification. Reserved fields are read over, and written as zero.

/// `confirm.select`, sent to the server.
package struct ConfirmSelect: Method {
    package static let id = MethodID.confirmSelect
    package static let layout: [MethodField] = [.bit("nowait")]

    package var noWait: Bool

    package init(noWait: Bool = false) {
        self.noWait = noWait
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        let bits = try reader.octet()
        noWait = bits & 1 != 0
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeBits(noWait)
    }
}

/// `confirm.select-ok`, sent to the client.
package struct ConfirmSelectOK: BareMethod {
    package static let id = MethodID.confirmSelectOK

    package init() {}
}
