/// The checks of `queue.declare` and `basic.consume` arguments, with RabbitMQ's 406 texts.
enum QueueArguments {
    private typealias Check = (FieldValue, FieldTable) -> String?

    /// - Parameter resource: as in `queue 'q' in vhost '/'`.
    static func type(of arguments: FieldTable, resource: String) throws(ProtocolFault) -> QueueType {
        guard let value = arguments["x-queue-type"] else { return .classic }
        let error: String
        if let text = value.text {
            if let type = QueueType(rawValue: text) { return type }
            error = ErlangTerm.quoted("unsupported queue type '\(text)'")
        } else {
            error = unacceptable(value)
        }
        throw fault("x-queue-type", resource, error)
    }

    static func validate(_ arguments: FieldTable, resource: String) throws(ProtocolFault) -> QueueType {
        let type = try type(of: arguments, resource: resource)
        let known = type.arguments
        for (name, check) in declareChecks where known.contains(name) {
            if let value = arguments[name], let error = check(value, arguments) { throw fault(name, resource, error) }
        }
        try refuse(type.refusedArguments, in: arguments, resource: resource, type: type)
        return type
    }

    static func validateConsume(_ arguments: FieldTable, type: QueueType, resource: String) throws(ProtocolFault) {
        if let value = arguments["x-priority"], let error = integer(value) {
            throw fault("x-priority", resource, error)
        }
        if type == .classic, let value = arguments["x-cancel-on-ha-failover"], let error = boolean(value) {
            throw fault("x-cancel-on-ha-failover", resource, error)
        }
        try refuse(type.refusedConsumerArguments, in: arguments, resource: resource, type: type)
    }

    private static func refuse(
        _ names: Set<String>, in arguments: FieldTable, resource: String, type: QueueType
    ) throws(ProtocolFault) {
        for field in arguments.fields where names.contains(field.name) {
            throw ProtocolFault(
                .preconditionFailed, "invalid arg '\(field.name)' for \(resource) of queue type \(type.moduleName)")
        }
    }

    private static func fault(_ name: String, _ resource: String, _ error: String) -> ProtocolFault {
        ProtocolFault(.preconditionFailed, "invalid arg '\(name)' for \(resource): \(error)")
    }

    // MARK: The checks, in RabbitMQ's order: the first that fails is reported

    private static var declareChecks: [(String, Check)] {
        [
            ("x-expires", { value, _ in integer(value) ?? (value.integer == 0 ? "{value_zero,0}" : expiry(value)) }),
            ("x-message-ttl", { value, _ in integer(value) ?? expiry(value) }),
            ("x-dead-letter-exchange", { value, _ in value.isLongString ? nil : unacceptable(value) }),
            ("x-dead-letter-routing-key", deadLetterRoutingKey),
            (
                "x-dead-letter-strategy",
                { value, _ in oneOf(value, ["at-most-once", "at-least-once"], "invalid_dlx_strategy") }
            ),
            ("x-max-length", { value, _ in notNegative(value) }),
            ("x-max-length-bytes", { value, _ in notNegative(value) }),
            ("x-max-in-memory-length", { value, _ in notNegative(value) }),
            ("x-max-in-memory-bytes", { value, _ in notNegative(value) }),
            ("x-max-priority", { value, _ in notNegative(value) ?? maximum(value, 255) }),
            (
                "x-overflow",
                { value, _ in oneOf(value, ["drop-head", "reject-publish", "reject-publish-dlx"], "invalid_overflow") }
            ),
            ("x-queue-mode", queueMode),
            ("x-queue-version", queueVersion),
            ("x-single-active-consumer", { value, _ in boolean(value) }),
            (
                "x-quorum-initial-group-size",
                { value, _ in notNegative(value) ?? (value.integer == 0 ? "{value_zero,0}" : nil) }
            ),
            // RabbitMQ 3.10 does not look at this one and ignores what it cannot use, which nobody wants.
            ("x-delivery-limit", { value, _ in notNegative(value) }),
            (
                "x-queue-leader-locator",
                { value, _ in
                    oneOf(value, ["client-local", "balanced", "random", "least-leaders"], "invalid_queue_locator_arg")
                }
            ),
        ]
    }

    private static func deadLetterRoutingKey(_ value: FieldValue, _ arguments: FieldTable) -> String? {
        guard value.isLongString else { return unacceptable(value) }
        return arguments["x-dead-letter-exchange"] == nil ? "routing_key_but_no_dlx_defined" : nil
    }

    private static func queueMode(_ value: FieldValue, _: FieldTable) -> String? {
        guard let text = value.text else { return unacceptable(value) }
        return ["default", "lazy"].contains(text) ? nil : ErlangTerm.quoted("unsupported queue mode '\(text)'")
    }

    private static func queueVersion(_ value: FieldValue, _: FieldTable) -> String? {
        if let error = notNegative(value) { return error }
        let version = value.integer ?? 0
        return version == 1 || version == 2 ? nil : ErlangTerm.quoted("unsupported queue version '\(version)'")
    }

    private static func integer(_ value: FieldValue) -> String? {
        value.integer == nil ? ErlangTerm.quoted("expected integer, got \(value.typeName)") : nil
    }

    private static func notNegative(_ value: FieldValue) -> String? {
        if let error = integer(value) { return error }
        guard let number = value.integer, number < 0 else { return nil }
        return "{value_negative,\(number)}"
    }

    private static func maximum(_ value: FieldValue, _ limit: Int64) -> String? {
        guard let number = value.integer, number > limit else { return nil }
        return "{max_value_exceeded,\(number)}"
    }

    private static func expiry(_ value: FieldValue) -> String? {
        value.integer.flatMap { TimeToLive.refusal(milliseconds: $0) }
    }

    private static func boolean(_ value: FieldValue) -> String? {
        if case .bool = value { return nil }
        return unacceptable(value)
    }

    private static func oneOf(_ value: FieldValue, _ allowed: [String], _ error: String) -> String? {
        guard value.isLongString else { return unacceptable(value) }
        return value.text.map(allowed.contains) == true ? nil : error
    }

    private static func unacceptable(_ value: FieldValue) -> String { "{unacceptable_type,\(value.typeName)}" }
}
