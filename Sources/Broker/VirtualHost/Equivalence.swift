/// The comparison of a declaration with what exists, with RabbitMQ's 406 texts.
struct Equivalence {
    /// As in `queue 'q' in vhost '/'`.
    let resource: String

    func require(_ name: String, _ received: Bool, is current: Bool) throws(ProtocolFault) {
        guard received != current else { return }
        throw fault(name, "'\(received)'", "'\(current)'")
    }

    func require(_ name: String, _ received: String, is current: String) throws(ProtocolFault) {
        guard received != current else { return }
        throw fault(name, "'\(received)'", "'\(current)'")
    }

    func require(_ name: String, in received: FieldTable, is current: FieldTable) throws(ProtocolFault) {
        switch (received[name], current[name]) {
        case (nil, nil): return
        case (let received?, let current?):
            guard !received.isEquivalent(to: current) else { return }
            throw fault(name, "'\(received.printed)'", "'\(current.printed)'")
        case (let received, let current):
            // A queue without a type is a classic one.
            if name == "x-queue-type", (received ?? current)?.text == QueueType.classic.rawValue { return }
            throw fault(name, Self.typed(received), Self.typed(current))
        }
    }

    private static func typed(_ value: FieldValue?) -> String {
        value.map { "the value '\($0.printed)' of type '\($0.typeName)'" } ?? "none"
    }

    private func fault(_ name: String, _ received: String, _ current: String) -> ProtocolFault {
        ProtocolFault(
            .preconditionFailed,
            "inequivalent arg '\(name)' for \(resource): received \(received) but current is \(current)")
    }
}
