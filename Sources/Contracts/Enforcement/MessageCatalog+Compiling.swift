import Locking

extension MessageCatalog {
    /// The contract of a version of a message, ready to check data with. It is compiled when it is first asked for, once for
    /// all copies of the catalogue.
    ///
    /// - Returns: nil when the catalogue does not have that version.
    /// - Throws: `.unusableSchema`.
    public func compiled(type: String, version: Int) throws(ContractViolation) -> CompiledContract? {
        let key = Key(type: type, version: version)
        if let contract = cache.contracts.withLock({ $0[key] }) { return contract }
        guard let schema = self[type: type, version: version] else { return nil }
        let contract = try CompiledContract(schema)
        cache.contracts.withLock { $0[key] = contract }
        return contract
    }

    /// Compiles all contracts, so that none has to be when messages wait.
    /// - Throws: `.unusableSchema`.
    public func compile() throws(ContractViolation) {
        for schema in schemas { _ = try compiled(type: schema.type, version: schema.version) }
    }
}

/// What has been compiled of a catalogue.
final class CompiledContracts: Sendable {
    let contracts = Locked<[MessageCatalog.Key: CompiledContract]>([:])
}
