import Contracts

/// The version of each type that the handlers work with: there is one, so that a message is upcast once for all of them.
///
/// A handler that takes a type by its name works with the newest version of the contract.
struct HandledVersions: Sendable {
    private var versions: [String: Int] = [:]
    private var conflict: ContractViolation?

    init(_ handlers: MessageHandlers, _ catalogs: [String: MessageCatalog]) {
        for (type, routes) in handlers.routes.sorted(by: { $0.key < $1.key }) {
            let newest = catalogs[type]?.newestVersion(of: type)
            for version in routes.compactMap({ $0.version ?? newest }) {
                if let other = versions[type], other != version, newest != nil, conflict == nil {
                    conflict = ContractViolation(
                        .conflictingHandlers, topic: catalogs[type]?.versions(of: type).last?.topic ?? "", type: type,
                        version: min(version, other),
                        """
                        is handled beside version \(max(version, other)); handle one version, and register an upcaster for the other: \
                        `upcast(Old.self) { old in New(…) }`
                        """)
                }
                versions[type] = max(version, versions[type] ?? version)
            }
        }
    }

    /// - Throws: `.conflictingHandlers`.
    func verify() throws(ContractViolation) {
        if let conflict { throw conflict }
    }

    /// The version that is handled, nil when the type has no handlers of its own.
    subscript(type: String) -> Int? { versions[type] }

    func contains(_ key: Upcasters.Key) -> Bool { versions[key.type] == key.version }
}
