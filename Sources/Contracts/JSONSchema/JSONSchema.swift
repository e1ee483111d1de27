/// A JSON Schema (draft 2020-12), compiled once and used often, from any task.
///
/// ```swift
/// let schema = try JSONSchema(compiling: JSONValue.parse(text), options: .init(assertsFormats: true))
/// guard schema.isValid(event) else { throw JSONProblems(schema.validate(event).map(\.problem)) }
/// ```
///
/// All keywords of the draft are there, with `$dynamicRef`, `unevaluated*` and vocabularies; the numbers of schemas and
/// documents are compared exactly, whatever their size. Nothing is ever fetched: what a schema refers to comes from a
/// ``JSONSchemaRegistry``. Schemas and documents may be hostile: compiling and validating stop at the limits of
/// ``Options``.
///
/// Source: JSON Schema Core and Validation, draft 2020-12 (https://json-schema.org/draft/2020-12).
public struct JSONSchema: Sendable {
    let program: SchemaProgram
    /// The same, for bytes; nil when it takes values.
    let direct: DirectProgram?

    /// Compiles a schema.
    ///
    /// - Parameters:
    ///   - schema: an object or a boolean.
    ///   - baseURI: the URI the schema was found at; its `$id` is relative to it. Empty when it has none.
    ///   - registry: the documents that `$ref` and `$schema` may name. The meta-schemas of the draft are always known.
    ///   - options: whether formats are asserted, and limits.
    /// - Throws: what is wrong with the schema, and where: it does not fit its meta-schema, a reference leads nowhere or
    ///   in a circle, a pattern is none or needs more than linear time, a limit is exceeded.
    public init(
        compiling schema: JSONValue, baseURI: String = "", registry: JSONSchemaRegistry = JSONSchemaRegistry(),
        options: Options = Options()
    ) throws(JSONSchemaError) {
        var compiler = SchemaCompiler(registry: registry, options: options)
        program = try compiler.compile(schema, baseURI: baseURI)
        direct = DirectProgram(program)
    }

    /// Whether a value fits. Stops at the first thing that is wrong, so it is faster than ``validate(_:)`` for values
    /// that do not fit, and as fast for values that do.
    public func isValid(_ value: JSONValue) -> Bool {
        var evaluation = Evaluation(program: program, report: NoReport())
        return evaluation.run(value)
    }

    /// Whether a document is JSON that fits.
    /// - Parameter limits: of the size and depth of the document.
    public func isValid(bytes: [UInt8], limits: JSONLimits = JSONLimits()) -> Bool {
        if bytes.withUnsafeBufferPointer({ atSight($0, limits: limits) }) != nil { return true }
        guard let value = try? JSONValue.parse(bytes, limits: limits) else { return false }
        return isValid(value)
    }

    /// Everything that is wrong with a value, at most ``Options/maximumViolations`` things; empty when it fits.
    public func validate(_ value: JSONValue) -> [JSONSchemaViolation] {
        guard !isValid(value) else { return [] }
        var evaluation = Evaluation(program: program, report: FullReport(limit: program.options.maximumViolations))
        _ = evaluation.run(value)
        return evaluation.report.violations
    }

    /// Everything that is wrong with a document; empty when it fits.
    /// - Parameter limits: of the size and depth of the document.
    /// - Throws: why the bytes are not JSON, or beyond the limits.
    public func validate(
        bytes: [UInt8], limits: JSONLimits = JSONLimits()
    ) throws(JSONError) -> [JSONSchemaViolation] {
        if bytes.withUnsafeBufferPointer({ atSight($0, limits: limits) }) != nil { return [] }
        return validate(try JSONValue.parse(bytes, limits: limits))
    }
}
