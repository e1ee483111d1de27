import Contracts

/// Says the limits of a schema in words, for doc comments.
enum Constraints {
    /// One sentence for each limit.
    static func sentences(of schema: JSONValue) -> [String] {
        var result: [String] = []
        if let range = range(schema["minimum"], schema["maximum"], "") { result.append(range) }
        if let limit = schema["exclusiveMinimum"] { result.append("More than \(limit).") }
        if let limit = schema["exclusiveMaximum"] { result.append("Less than \(limit).") }
        if let factor = schema["multipleOf"] { result.append("A multiple of \(factor).") }
        if let range = range(schema["minLength"], schema["maxLength"], " characters") { result.append(range) }
        if let range = range(schema["minItems"], schema["maxItems"], " elements") { result.append(range) }
        if let range = range(schema["minProperties"], schema["maxProperties"], " members") { result.append(range) }
        if let pattern = schema["pattern"]?.stringValue { result.append("Matches `\(pattern)`.") }
        if let format = schema["format"]?.stringValue, format != "uuid", format != "date-time" { result.append("Format: \(format).") }
        if let value = schema["default"] { result.append("When it is not there, \(value) is meant.") }
        if schema["deprecated"] == true { result.append("Deprecated.") }
        return result
    }

    private static func range(_ low: JSONValue?, _ high: JSONValue?, _ what: String) -> String? {
        switch (low, high) {
        case (let low?, let high?): low == high ? "Exactly \(low)\(what)." : "\(low) to \(high)\(what)."
        case (let low?, nil): "At least \(low)\(what)."
        case (nil, let high?): "At most \(high)\(what)."
        case (nil, nil): nil
        }
    }
}
