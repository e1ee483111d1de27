package import Contracts

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension FieldTable {
    /// As RabbitMQ's management API shows tables: types that JSON lacks become numbers and text.
    package var json: JSONValue {
        var object = JSONObject()
        for field in fields { object[field.name] = field.value.json }
        return .object(object)
    }

    /// Reads a table from JSON: whole numbers become 64-bit integers, text becomes long strings.
    /// - Throws: 400 for numbers out of range and tables nested too deeply.
    init(json object: JSONObject, depth: Int) throws {
        self.init()
        for (name, value) in object {
            guard name.utf8.count <= 255 else { throw ManagementFailure.badRequest("the name of an argument is longer than 255 bytes") }
            self[name] = try FieldValue(json: value, depth: depth)
        }
    }

    /// Reads a member of a request's body that may be missing.
    static func read(_ name: String, of object: JSONObject, depth: Int) throws -> FieldTable {
        guard let value = object[name], !value.isNull else { return [:] }
        // Erlang's JSON writers cannot tell an empty object from an empty array.
        if value.arrayValue?.isEmpty == true { return [:] }
        guard let object = value.objectValue else { throw ManagementFailure.badRequest("\(name) must be an object") }
        return try FieldTable(json: object, depth: depth)
    }
}

extension FieldValue {
    /// See ``FieldTable/json``.
    package var json: JSONValue {
        switch self {
        case .bool(let value): .bool(value)
        case .float(let value): JSONNumber(Double(value)).map { .number($0) } ?? .string("\(value)")
        case .double(let value): JSONNumber(value).map { .number($0) } ?? .string("\(value)")
        case .decimal(let scale, let value): .string(Self.decimal(scale: scale, value: value))
        case .string(let bytes), .bytes(let bytes): .string(String(decoding: bytes, as: UTF8.self))
        case .array(let values): .array(values.map(\.json))
        case .timestamp(let seconds): .number(JSONNumber(seconds))
        case .table(let table): table.json
        case .void: .null
        default: integer.map { .number(JSONNumber($0)) } ?? .null
        }
    }

    init(json value: JSONValue, depth: Int) throws {
        guard depth > 0 else { throw ManagementFailure.badRequest("arguments are nested too deeply") }
        switch value {
        case .null: self = .void
        case .bool(let value): self = .bool(value)
        case .string(let text): self = .string(text)
        case .array(let values): self = .array(try values.map { try FieldValue(json: $0, depth: depth - 1) })
        case .object(let object): self = .table(try FieldTable(json: object, depth: depth - 1))
        case .number(let number):
            if number.isWhole {
                guard let value = number.int else {
                    throw ManagementFailure.badRequest("the number \(number.text.prefix(40)) is out of range")
                }
                self = .int64(Int64(value))
            } else {
                self = .double(number.double)
            }
        }
    }

    private static func decimal(scale: UInt8, value: Int32) -> String {
        guard scale > 0 else { return "\(value)" }
        let digits = String(value.magnitude)
        let padded = String(repeating: "0", count: max(0, Int(scale) + 1 - digits.count)) + digits
        return (value < 0 ? "-" : "") + padded.dropLast(Int(scale)) + "." + padded.suffix(Int(scale))
    }
}
