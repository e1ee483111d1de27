import Contracts

/// Holds what comes in and what goes out against the contracts. Immutable: one for the life of a ``Messaging``.
final class ContractGate: Sendable {
    /// By type, for all types of the catalogues that the handlers know.
    private let catalogs: [String: MessageCatalog]
    /// By type, for all types that have handlers of their own.
    private let versions: HandledVersions
    private let upcasters: Upcasters
    /// Of an encoded envelope.
    private let maximumBytes: Int

    init(_ handlers: MessageHandlers, maximumBytes: Int) {
        var catalogs: [String: MessageCatalog] = [:]
        for catalog in handlers.catalogs {
            for type in catalog.types where catalogs[type] == nil { catalogs[type] = catalog }
        }
        self.catalogs = catalogs
        self.maximumBytes = maximumBytes
        upcasters = handlers.upcasters
        versions = HandledVersions(handlers, catalogs)
    }

    // MARK: Starting

    /// Compiles the contracts, and makes sure that each version of each handled type that its contract lists reaches a handler.
    ///
    /// - Throws: `.unusableSchema`; `.missingUpcaster`, which names all that are missing.
    func verify() throws(ContractViolation) {
        try versions.verify()
        var missing: [ContractViolation] = []
        for (type, catalog) in catalogs.sorted(by: { $0.key < $1.key }) {
            for contract in catalog.versions(of: type) {
                _ = try catalog.compiled(type: type, version: contract.version)
                guard let violation = unreachable(contract) else { continue }
                missing.append(violation)
            }
        }
        guard var first = missing.first else { return }
        first.message = ([first.message] + missing.dropFirst().map { "\($0.subject) \($0.message)" }).joined(separator: "; ")
        throw first
    }

    private func unreachable(_ contract: MessageSchema) -> ContractViolation? {
        let key = Upcasters.Key(type: contract.type, version: contract.version)
        guard let handled = versions[contract.type], !upcasters.reaches(from: key, versions.contains) else { return nil }
        return ContractViolation(
            .missingUpcaster, topic: contract.topic, type: contract.type, version: contract.version,
            """
            has no upcaster to version \(handled), which this worker handles: register one with \
            `upcast("\(contract.type)", from: \(contract.version)) { data in … }`, or with the generated types \
            `upcast(Old.self) { old in New(…) }`; or take version \(contract.version) out of topics/\(contract.topic).yaml \
            when no message of it is left
            """)
    }

    // MARK: In

    /// Checks a message that has arrived, and brings it to a version that is handled.
    ///
    /// A type without a contract passes as it is. One without a `dataschema` of ours counts as the newest version.
    func admit(_ envelope: Envelope) throws(ContractViolation) -> Envelope {
        guard let catalog = catalogs[envelope.type] else { return try admitWithoutContract(envelope) }
        let version = try version(of: envelope) ?? catalog.newestVersion(of: envelope.type) ?? 1
        let key = Upcasters.Key(type: envelope.type, version: version)
        let contract = try catalog.compiled(type: key.type, version: version)
        let isHandled = versions[key.type] == nil || versions.contains(key)
        guard let contract else {
            // A version that is not listed any more may still have its upcaster.
            if isHandled { return envelope }
            guard upcasters.reaches(from: key, versions.contains) else { throw unknown(key, in: catalog) }
            return try upcast(envelope, from: key, try parsed(envelope, key))
        }
        let document = try contract.document(envelope.data)
        guard isHandled else { return try upcast(envelope, from: key, document) }
        var envelope = envelope
        envelope.keep(document)
        return envelope
    }

    /// Only upcasters that somebody has registered by hand can have something to say.
    private func admitWithoutContract(_ envelope: Envelope) throws(ContractViolation) -> Envelope {
        guard !upcasters.isEmpty, versions[envelope.type] != nil, let version = try? version(of: envelope) else { return envelope }
        let key = Upcasters.Key(type: envelope.type, version: version)
        guard !versions.contains(key), upcasters.reaches(from: key, versions.contains) else { return envelope }
        return try upcast(envelope, from: key, try parsed(envelope, key))
    }

    private func upcast(
        _ envelope: Envelope, from key: Upcasters.Key, _ document: JSONValue
    ) throws(ContractViolation) -> Envelope {
        guard let object = document.objectValue else {
            throw ContractViolation(.upcasting, type: key.type, version: key.version, "is not an object, so it has no upcasters")
        }
        let (newKey, data) = try upcasters.upcast(object, from: key, until: versions.contains)
        let document = JSONValue.object(data)
        if let contract = try catalogs[newKey.type]?.compiled(type: newKey.type, version: newKey.version) {
            do {
                try contract.check(document)
            } catch {
                throw ContractViolation(
                    .upcasting, topic: error.topic, type: key.type, version: key.version,
                    "was brought to version \(newKey.version), which it does not fit; correct the upcaster",
                    violations: error.violations)
            }
        }
        var envelope = envelope
        envelope.type = newKey.type
        envelope.dataschema = WellKnown.schemaIdentifier(newKey.type, version: newKey.version)
        envelope.data = document.encoded()
        envelope.keep(document)
        return envelope
    }

    private func parsed(_ envelope: Envelope, _ key: Upcasters.Key) throws(ContractViolation) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue.parse(envelope.data)
        } catch {
            throw ContractViolation(
                .malformedData, type: key.type, version: key.version, "has data that is not JSON", underlying: error)
        }
    }

    // MARK: Out

    /// Checks a message that is to leave.
    ///
    /// - Parameters:
    ///   - catalog: of the message's type; nil when it is not known, as for an envelope that was made elsewhere.
    ///   - bytes: the encoded envelope.
    func check(_ envelope: Envelope, _ catalog: MessageCatalog?, bytes: Int) throws(ContractViolation) {
        let catalog = catalog ?? catalogs[envelope.type]
        guard bytes <= maximumBytes else {
            throw ContractViolation(
                .tooLarge, topic: catalog?.versions(of: envelope.type).last?.topic ?? "", type: envelope.type, version: nil,
                """
                has \(bytes) bytes; the limit is \(maximumBytes). Store what is large elsewhere and publish where it is, \
                publish several smaller messages, or raise the limit (MILLRACE_MAX_MESSAGE_BYTES)
                """)
        }
        guard let catalog else { return }
        let version = try version(of: envelope) ?? catalog.newestVersion(of: envelope.type) ?? 1
        guard let contract = try catalog.compiled(type: envelope.type, version: version) else {
            throw unknown(Upcasters.Key(type: envelope.type, version: version), in: catalog)
        }
        _ = try contract.document(envelope.data)
    }

    // MARK: Versions

    /// The version that the envelope names; nil when it names no schema of ours.
    private func version(of envelope: Envelope) throws(ContractViolation) -> Int? {
        guard let schema = envelope.dataschema, schema.hasPrefix("millrace:") else { return nil }
        let prefix = "millrace:\(envelope.type):"
        if schema.hasPrefix(prefix), let version = Int(schema.dropFirst(prefix.count)), version > 0 { return version }
        throw ContractViolation(
            .unknownVersion, type: envelope.type, version: nil, "has a dataschema that does not name a version of its type")
    }

    private func unknown(_ key: Upcasters.Key, in catalog: MessageCatalog) -> ContractViolation {
        let known = catalog.versions(of: key.type)
        let numbers = known.map { "\($0.version)" }.joined(separator: ", ")
        return ContractViolation(
            .unknownVersion, topic: known.last?.topic ?? "", type: key.type, version: key.version,
            """
            is not in the contract that this worker was built with, which has version \(numbers); build it with the newer \
            contract and retry, or register an upcaster
            """)
    }
}
