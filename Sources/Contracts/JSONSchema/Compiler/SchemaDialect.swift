/// Which keywords a schema has: the vocabularies of its meta-schema.
struct SchemaDialect: Sendable, Equatable {
    struct Vocabularies: OptionSet, Sendable {
        let rawValue: UInt8
        static let core = Vocabularies(rawValue: 1)
        static let applicator = Vocabularies(rawValue: 2)
        static let unevaluated = Vocabularies(rawValue: 4)
        static let validation = Vocabularies(rawValue: 8)
        static let formatAssertion = Vocabularies(rawValue: 16)
        /// Annotations only; nothing is done for them.
        static let silent = Vocabularies(rawValue: 32)
    }

    /// The URI of the meta-schema.
    var metaSchema: String
    var vocabularies: Vocabularies

    static let draft202012 = SchemaDialect(
        metaSchema: "https://json-schema.org/draft/2020-12/schema",
        vocabularies: [.core, .applicator, .unevaluated, .validation])

    static func vocabulary(_ uri: String) -> Vocabularies? {
        let prefix = "https://json-schema.org/draft/2020-12/vocab/"
        guard uri.hasPrefix(prefix) else { return nil }
        return switch uri.dropFirst(prefix.count) {
        case "core": .core
        case "applicator": .applicator
        case "unevaluated": .unevaluated
        case "validation": .validation
        case "format-assertion": .formatAssertion
        case "format-annotation", "content", "meta-data": .silent
        default: nil
        }
    }

    /// Reads `$vocabulary` of a meta-schema.
    /// - Throws: `unknownDialect` for a required vocabulary that is not known.
    init(metaSchema uri: String, document: JSONValue) throws(JSONSchemaError) {
        metaSchema = uri
        guard let listed = document["$vocabulary"]?.objectValue else {
            vocabularies = Self.draft202012.vocabularies
            return
        }
        vocabularies = .core
        for (name, isRequired) in listed {
            if let known = Self.vocabulary(name) {
                vocabularies.insert(known)
            } else if isRequired.boolValue == true {
                throw JSONSchemaError(
                    .unknownDialect, in: uri, at: JSONPointer().appending("$vocabulary").appending(name),
                    "the vocabulary \(name) is required, and it is not known here")
            }
        }
    }

    private init(metaSchema: String, vocabularies: Vocabularies) {
        self.metaSchema = metaSchema
        self.vocabularies = vocabularies
    }
}
