// The methods of class `tx` (90), field by field as AMQP 0-9-1 lists them; `MethodTableTests` compares `layout` with the
// machine-readable specification. Reserved fields are read over, and written as zero.

/// `tx.select`, sent to the server.
package struct TxSelect: BareMethod {
    package static let id = MethodID.txSelect

    package init() {}
}

/// `tx.select-ok`, sent to the client.
package struct TxSelectOK: BareMethod {
    package static let id = MethodID.txSelectOK

    package init() {}
}

/// `tx.commit`, sent to the server.
package struct TxCommit: BareMethod {
    package static let id = MethodID.txCommit

    package init() {}
}

/// `tx.commit-ok`, sent to the client.
package struct TxCommitOK: BareMethod {
    package static let id = MethodID.txCommitOK

    package init() {}
}

/// `tx.rollback`, sent to the server.
package struct TxRollback: BareMethod {
    package static let id = MethodID.txRollback

    package init() {}
}

/// `tx.rollback-ok`, sent to the client.
package struct TxRollbackOK: BareMethod {
    package static let id = MethodID.txRollbackOK

    package init() {}
}
