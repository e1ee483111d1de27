package import NIOCore

// The methods of class `tx` (90), field by field as AMQP 0-9-1 lists them; `MethodTableTests` compares `layout` with the
// machine-readable specification. Reserved fields are read over, and written as zero.

/// `tx.select`, sent to the server.
package struct TxSelect: Method {
    package static let id = MethodID.txSelect
    package static let layout: [MethodField] = []

    package init() {}

    package init(from reader: inout WireReader) throws(ProtocolFault) {}

    package func write(to buffer: inout ByteBuffer) {}
}

/// `tx.select-ok`, sent to the client.
package struct TxSelectOK: Method {
    package static let id = MethodID.txSelectOK
    package static let layout: [MethodField] = []

    package init() {}

    package init(from reader: inout WireReader) throws(ProtocolFault) {}

    package func write(to buffer: inout ByteBuffer) {}
}

/// `tx.commit`, sent to the server.
package struct TxCommit: Method {
    package static let id = MethodID.txCommit
    package static let layout: [MethodField] = []

    package init() {}

    package init(from reader: inout WireReader) throws(ProtocolFault) {}

    package func write(to buffer: inout ByteBuffer) {}
}

/// `tx.commit-ok`, sent to the client.
package struct TxCommitOK: Method {
    package static let id = MethodID.txCommitOK
    package static let layout: [MethodField] = []

    package init() {}

    package init(from reader: inout WireReader) throws(ProtocolFault) {}

    package func write(to buffer: inout ByteBuffer) {}
}

/// `tx.rollback`, sent to the server.
package struct TxRollback: Method {
    package static let id = MethodID.txRollback
    package static let layout: [MethodField] = []

    package init() {}

    package init(from reader: inout WireReader) throws(ProtocolFault) {}

    package func write(to buffer: inout ByteBuffer) {}
}

/// `tx.rollback-ok`, sent to the client.
package struct TxRollbackOK: Method {
    package static let id = MethodID.txRollbackOK
    package static let layout: [MethodField] = []

    package init() {}

    package init(from reader: inout WireReader) throws(ProtocolFault) {}

    package func write(to buffer: inout ByteBuffer) {}
}
