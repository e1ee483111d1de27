extension JSONValue: Codable {
    /// Reads any value. From ``ContractJSON`` it comes as it is; from other decoders numbers lose their text.
    public init(from decoder: any Decoder) throws {
        if let input = decoder as? JSONInput {
            self = input.value
        } else if let container = try? decoder.container(keyedBy: JSONInput.Key.self) {
            var object = JSONObject()
            for key in container.allKeys { object[key.stringValue] = try container.decode(JSONValue.self, forKey: key) }
            self = .object(object)
        } else if var container = try? decoder.unkeyedContainer() {
            var values: [JSONValue] = []
            while !container.isAtEnd { values.append(try container.decode(JSONValue.self)) }
            self = .array(values)
        } else {
            self = try Self.scalar(try decoder.singleValueContainer())
        }
    }

    private static func scalar(_ container: any SingleValueDecodingContainer) throws -> JSONValue {
        if container.decodeNil() { return .null }
        if let value = try? container.decode(Bool.self) { return .bool(value) }
        if let value = try? container.decode(Int64.self) { return .number(JSONNumber(value)) }
        if let value = try? container.decode(Double.self), let number = JSONNumber(value) { return .number(number) }
        return .string(try container.decode(String.self))
    }

    /// Writes any value. By ``ContractJSON`` it is written as it is.
    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .object(let object):
            var container = encoder.container(keyedBy: JSONInput.Key.self)
            for (key, value) in object { try container.encode(value, forKey: JSONInput.Key(key)) }
        case .array(let values):
            var container = encoder.unkeyedContainer()
            for value in values { try container.encode(value) }
        default:
            var container = encoder.singleValueContainer()
            switch self {
            case .null: try container.encodeNil()
            case .bool(let value): try container.encode(value)
            case .number(let number):
                if let value = number.int { try container.encode(value) } else { try container.encode(number.double) }
            case .string(let text): try container.encode(text)
            default: break
            }
        }
    }
}
