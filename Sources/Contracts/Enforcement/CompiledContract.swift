/// The contract of one version of a message, ready to check data with; see ``MessageCatalog/compiled(type:version:)``.
public struct CompiledContract: Sendable {
    /// What was compiled.
    public let contract: MessageSchema
    private let schema: JSONSchema

    /// What a reader of an envelope takes, and no numbers that a double cannot hold.
    private static let limits = JSONLimits(
        maximumBytes: .max, maximumDepth: Envelope.defaultLimits.maximumDepth, allowsNumbersBeyondDouble: false)

    /// Compiles a contract.
    /// - Throws: `.unusableSchema`.
    public init(_ contract: MessageSchema) throws(ContractViolation) {
        self.contract = contract
        do {
            // The contract was linted when the program was built: formats are asserted there too.
            schema = try JSONSchema(
                compiling: try JSONValue.parse(Array(contract.schemaBytes)),
                options: .init(
                    assertsFormats: true, checksMetaSchema: false,
                    maximumViolations: ContractViolation.maximumViolations))
        } catch {
            throw ContractViolation(
                .unusableSchema, topic: contract.topic, type: contract.type, version: contract.version,
                "has a schema that cannot be compiled; run `millrace topics lint`", underlying: error)
        }
    }

    /// Parses data and checks it.
    ///
    /// - Returns: the data, so that nobody needs to parse it again.
    /// - Throws: `.malformedData` or `.invalidData`, with the pointers.
    public func document(_ data: [UInt8]) throws(ContractViolation) -> JSONValue {
        let document: JSONValue
        do throws(JSONError) {
            document = try JSONValue.parse(data, limits: Self.limits)
        } catch {
            throw violation(
                .malformedData, data.isEmpty ? "has no data" : "has data that is not JSON as all readers understand it",
                [JSONSchemaViolation(error.pointer, schema: "", keyword: "\(error.code)", "\(error.message) at byte \(error.offset)")])
        }
        try check(document)
        return document
    }

    /// Checks data that has been parsed.
    /// - Throws: `.invalidData`, with the pointers.
    public func check(_ document: JSONValue) throws(ContractViolation) {
        if schema.isValid(document) { return }
        throw violation(.invalidData, "does not fit its contract", schema.validate(document))
    }

    private func violation(
        _ code: ContractViolation.Code, _ message: String, _ violations: [JSONSchemaViolation]
    ) -> ContractViolation {
        ContractViolation(
            code, topic: contract.topic, type: contract.type, version: contract.version, message, violations: violations)
    }
}
