extension JSONValue {
    /// The value as JSON without white space, members in their order.
    public func encoded() -> [UInt8] {
        var writer = JSONByteWriter(capacity: 256)
        writer.append(self)
        return writer.bytes
    }

    /// The value as JSON for a person: two spaces per level, no line break at the end.
    public func prettyPrinted() -> String {
        var writer = JSONByteWriter(capacity: 1024)
        writer.append(self, level: 0)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

extension JSONValue: CustomStringConvertible {
    /// JSON without white space.
    public var description: String { String(decoding: encoded(), as: UTF8.self) }
}

extension JSONByteWriter {
    /// - Parameter level: the indentation, nil to write without white space.
    mutating func append(_ value: JSONValue, level: Int? = nil) {
        switch value {
        case .null: append("null")
        case .bool(let value): value ? append("true") : append("false")
        case .number(let number): append(raw: number.text)
        case .string(let text): append(quoted: text)
        case .array(let values):
            append("[")
            for (index, value) in values.enumerated() {
                if index > 0 { append(",") }
                breakLine(level.map { $0 + 1 })
                append(value, level: level.map { $0 + 1 })
            }
            if !values.isEmpty { breakLine(level) }
            append("]")
        case .object(let object):
            append("{")
            for (index, member) in object.enumerated() {
                if index > 0 { append(",") }
                breakLine(level.map { $0 + 1 })
                append(quoted: member.key)
                append(level == nil ? ":" : ": ")
                append(member.value, level: level.map { $0 + 1 })
            }
            if !object.isEmpty { breakLine(level) }
            append("}")
        }
    }

    private mutating func breakLine(_ level: Int?) {
        guard let level else { return }
        append("\n")
        for _ in 0..<level { append("  ") }
    }
}
