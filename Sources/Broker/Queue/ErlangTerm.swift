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

    private var floating: Double? {
        switch self {
        case .float(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }
}
