import Contracts

/// Whether a schema is one in every detail, and whether its example fits.
extension YAMLReader {
    /// - Parameter definitions: where the file's `$defs` stand, which are in the schema too.
    mutating func check(
        _ example: JSONValue, _ examplePlaces: SourcePlaces, fits schema: JSONValue, _ schemaPlaces: SourcePlaces,
        definitions: [String: SourcePlaces]
    ) {
        let compiled: JSONSchema
        do {
            compiled = try JSONSchema(compiling: schema, options: .init(assertsFormats: true))
        } catch {
            func place(_ pointer: JSONPointer) -> SourceLocation {
                let tokens = pointer.tokens
                guard tokens.count >= 2, tokens[0] == "$defs", let places = definitions[tokens[1]] else { return schemaPlaces[pointer] }
                return places[tokens.dropFirst(2).reduce(JSONPointer()) { $0.appending($1) }]
            }
            if error.violations.isEmpty { note("not a JSON Schema: \(error.message)", at: place(error.pointer)) }
            for violation in error.violations {
                note("not a JSON Schema: \(violation)", at: place(violation.pointer))
            }
            return
        }
        for violation in compiled.validate(example) {
            note("the example does not fit: \(violation)", at: examplePlaces[violation.pointer])
        }
    }
}
