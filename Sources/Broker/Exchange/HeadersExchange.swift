/// Matches the headers of a message against the arguments of a binding (section 3.1.3.4).
final class HeadersExchange: Exchange {
    private var rules: [ObjectIdentifier: HeaderMatch] = [:]

    override func validate(_ binding: BindingDefinition) throws(ProtocolFault) {
        try HeaderMatch.validate(binding.arguments)
    }

    override func index(_ binding: Binding) {
        rules[ObjectIdentifier(binding)] = HeaderMatch(binding.definition.arguments)
    }

    override func unindex(_ binding: Binding) { rules[ObjectIdentifier(binding)] = nil }

    override func route(_ routing: Routing, key: String) {
        let headers = routing.headers
        for binding in bindings.all where rules[ObjectIdentifier(binding)]?.accepts(headers) == true {
            routing.add(binding.destination)
        }
    }

    override var dependsOnKeyAlone: Bool { false }
}
