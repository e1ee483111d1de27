/// The types of exchange that this broker has.
package enum ExchangeType: String, Sendable, CaseIterable {
    case direct
    case fanout
    case topic
    case headers
    case consistentHash = "x-consistent-hash"

    /// - Throws: 503 for a type that does not exist.
    init(checking name: String) throws(ProtocolFault) {
        guard let type = ExchangeType(rawValue: name) else {
            throw ProtocolFault(.commandInvalid, "unknown exchange type '\(name)'")
        }
        self = type
    }

    /// - Throws: 406 for arguments that the type refuses.
    func makeExchange(_ definition: ExchangeDefinition, host: VirtualHost) throws(ProtocolFault) -> Exchange {
        switch self {
        case .direct: DirectExchange(definition, type: self, host: host)
        case .fanout: FanoutExchange(definition, type: self, host: host)
        case .topic: TopicExchange(definition, type: self, host: host)
        case .headers: HeadersExchange(definition, type: self, host: host)
        case .consistentHash:
            ConsistentHashExchange(try HashSource(definition.arguments), definition, type: self, host: host)
        }
    }
}
