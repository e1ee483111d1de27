// The methods of class `confirm` (85), field by field as AMQP 0-9-1 lists them; `MethodTableTests` compares `layout` with the
// machine-readable specification. Reserved fields are read over, and written as zero.

/// `confirm.select`, sent to the server.
package struct ConfirmSelect: SingleFieldMethod {
    package static let id = MethodID.confirmSelect
    package static let fieldName = "nowait"

    package var noWait: Bool
    package var field: Bool { noWait }

    package init(noWait: Bool = false) { self.noWait = noWait }

    package init(field: Bool) { noWait = field }
}

/// `confirm.select-ok`, sent to the client.
package struct ConfirmSelectOK: BareMethod {
    package static let id = MethodID.confirmSelectOK

    package init() {}
}
