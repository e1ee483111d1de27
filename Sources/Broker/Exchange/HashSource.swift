/// What a consistent-hash exchange hashes.
enum HashSource: Equatable {
    case routingKey
    case header(String)
    case property(Property)

    enum Property: String {
        case messageID = "message_id"
        case correlationID = "correlation_id"
        case timestamp
    }

    /// - Throws: 406 for a property that cannot be hashed, or for both arguments at once.
    init(_ arguments: FieldTable) throws(ProtocolFault) {
        switch (arguments["hash-header"], arguments["hash-property"]) {
        case (nil, nil): self = .routingKey
        case (let header?, nil):
            guard let name = header.text else {
                throw ProtocolFault(.preconditionFailed, "hash-header must be a string, not \(header.typeName)")
            }
            self = .header(name)
        case (nil, let value?):
            guard let property = value.text.flatMap(Property.init) else {
                throw ProtocolFault(.preconditionFailed, "Unsupported property: \(value.printed)")
            }
            self = .property(property)
        case (_?, _?):
            throw ProtocolFault(.preconditionFailed, "hash-header and hash-property are mutually exclusive")
        }
    }

    /// What is hashed of a message; empty where the header or property is missing, so that all such messages go one
    /// way.
    func value(of routing: Routing, key: String) -> String {
        switch self {
        case .routingKey: key
        case .header(let name): routing.headers[name]?.printed ?? ""
        case .property(let property): routing.message.flatMap { property.value(of: $0) } ?? ""
        }
    }
}

extension HashSource.Property {
    func value(of message: Message) -> String? {
        guard let properties = try? message.decodedProperties() else { return nil }
        return switch self {
        case .messageID: properties.messageID
        case .correlationID: properties.correlationID
        case .timestamp: properties.timestamp.map { "\($0)" }
        }
    }
}
