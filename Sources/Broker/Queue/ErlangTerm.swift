/// Values as RabbitMQ's error texts print them; clients and people match on those texts.
enum ErlangTerm {
    /// A string in quotes, as Erlang's `~p` prints one.
    static func quoted(_ text: String) -> String { "\"\(text)\"" }
}

extension FieldValue {
    /// RabbitMQ's name of the type.
    var typeName: String {
        switch self {
        case .bool: "bool"
        case .int8: "byte"
        case .uint8: "unsignedbyte"
        case .int16: "short"
        case .uint16: "unsignedshort"
        case .int32: "signedint"
        case .uint32: "unsignedint"
        case .int64: "long"
        case .float: "float"
        case .double: "double"
        case .decimal: "decimal"
        case .string: "longstr"
        case .bytes: "binary"
        case .array: "array"
        case .timestamp: "timestamp"
        case .table: "table"
        case .void: "void"
        }
    }

    var isLongString: Bool {
        if case .string = self { return true }
        return false
    }

    /// The value without its type, for a text.
    var printed: String {
        switch self {
        case .bool(let value): "\(value)"
        case .string(let bytes), .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        case .float(let value): "\(value)"
        case .double(let value): "\(value)"
        case .timestamp(let value): "\(value)"
        case .decimal(let scale, let value): "{\(scale),\(value)}"
        case .array(let values): "[" + values.map(\.printed).joined(separator: ",") + "]"
        case .table(let table):
            "[" + table.fields.map { "{\($0.name),\($0.value.typeName),\($0.value.printed)}" }.joined(separator: ",")
                + "]"
        case .void: "undefined"
        case .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64: "\(integer ?? 0)"
        }
    }

    /// Equal as RabbitMQ compares arguments: numbers by value, whatever their width.
    func isEquivalent(to other: FieldValue) -> Bool {
        if let mine = integer, let theirs = other.integer { return mine == theirs }
        if let mine = floating, let theirs = other.floating { return mine == theirs }
        return self == other
    }

    /// Equal as RabbitMQ compares header values, by what they are worth: the type that a client has chosen does not count,
    /// but within arrays and tables.
    func isWorth(_ other: FieldValue) -> Bool {
        if let mine = unsigned, let theirs = other.unsigned { return mine == theirs }
        if let mine = number, let theirs = other.number { return mine == theirs }
        switch (self, other) {
        case (.string(let mine), .bytes(let theirs)), (.bytes(let mine), .string(let theirs)): return mine == theirs
        default: return isEquivalent(to: other)
        }
    }

    /// Whole numbers from 0, timestamps among them; exact, which a `Double` is not.
    private var unsigned: UInt64? {
        if case .timestamp(let value) = self { return value }
        return integer.flatMap { UInt64(exactly: $0) }
    }

    private var number: Double? { floating ?? integer.map { Double($0) } ?? unsigned.map { Double($0) } }

    private var floating: Double? {
        switch self {
        case .float(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }
}
