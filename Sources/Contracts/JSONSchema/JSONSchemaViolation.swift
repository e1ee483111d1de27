/// One thing in a document that a schema does not allow.
public struct JSONSchemaViolation: Sendable, Hashable {
    /// The value that is wrong (RFC 6901).
    public var pointer: JSONPointer
    /// The subschema that says so, as URI with a JSON pointer: `#/properties/items`. It is where the subschema stands,
    /// not the references that led to it.
    public var schema: String
    /// The keyword of the subschema: `minItems`; `false` for the schema `false`.
    public var keyword: String
    /// What is wrong, so that it can follow the name of the value: `must have at least 1 element, has 0`.
    /// It may show numbers of the document, never its texts.
    public var message: String

    init(_ pointer: JSONPointer, schema: String, keyword: String, _ message: String) {
        self.pointer = pointer
        self.schema = schema
        self.keyword = keyword
        self.message = message
    }

    /// Where and what, as other readers of JSON say it.
    public var problem: JSONProblem { JSONProblem(pointer, message) }
}

extension JSONSchemaViolation: CustomStringConvertible {
    /// `/items must have at least 1 element, has 0`.
    public var description: String { problem.description }
}
