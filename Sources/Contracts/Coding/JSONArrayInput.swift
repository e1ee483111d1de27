/// An array that is being read.
struct JSONArrayInput: UnkeyedDecodingContainer {
    let values: [JSONValue]
    let path: JSONInput.Path?
    var currentIndex = 0

    init(values: [JSONValue], path: JSONInput.Path?) {
        self.values = values
        self.path = path
    }

    var codingPath: [any CodingKey] { path?.keys ?? [] }
    var count: Int? { values.count }
    var isAtEnd: Bool { currentIndex >= values.count }

    mutating func decodeNil() throws -> Bool {
        guard !isAtEnd, values[currentIndex].isNull else {
            if isAtEnd { _ = try next() }
            return false
        }
        currentIndex += 1
        return true
    }

    mutating func decode(_ type: Bool.Type) throws -> Bool { try next().bool() }
    mutating func decode(_ type: String.Type) throws -> String { try next().string() }
    mutating func decode(_ type: Double.Type) throws -> Double { try next().floating() }
    mutating func decode(_ type: Float.Type) throws -> Float { Float(try next().floating()) }
    mutating func decode(_ type: Int.Type) throws -> Int { try next().integer() }
    mutating func decode(_ type: Int8.Type) throws -> Int8 { try next().integer() }
    mutating func decode(_ type: Int16.Type) throws -> Int16 { try next().integer() }
    mutating func decode(_ type: Int32.Type) throws -> Int32 { try next().integer() }
    mutating func decode(_ type: Int64.Type) throws -> Int64 { try next().integer() }
    mutating func decode(_ type: UInt.Type) throws -> UInt { try next().integer() }
    mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try next().integer() }
    mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try next().integer() }
    mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try next().integer() }
    mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try next().integer() }
    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try next().read(type) }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) throws -> KeyedDecodingContainer<Nested> {
        try next().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }

    mutating func superDecoder() throws -> any Decoder { try next() }

    private mutating func next() throws -> JSONInput {
        guard !isAtEnd else {
            throw DecodingError.valueNotFound(
                Any.self, .init(codingPath: codingPath, debugDescription: "has only \(values.count) elements"))
        }
        defer { currentIndex += 1 }
        return JSONInput(value: values[currentIndex], path: path, step: .index(currentIndex))
    }
}

/// A single value that is being read.
struct JSONSingleInput: SingleValueDecodingContainer {
    let input: JSONInput

    var codingPath: [any CodingKey] { input.codingPath }

    func decodeNil() -> Bool { input.value.isNull }
    func decode(_ type: Bool.Type) throws -> Bool { try input.bool() }
    func decode(_ type: String.Type) throws -> String { try input.string() }
    func decode(_ type: Double.Type) throws -> Double { try input.floating() }
    func decode(_ type: Float.Type) throws -> Float { Float(try input.floating()) }
    func decode(_ type: Int.Type) throws -> Int { try input.integer() }
    func decode(_ type: Int8.Type) throws -> Int8 { try input.integer() }
    func decode(_ type: Int16.Type) throws -> Int16 { try input.integer() }
    func decode(_ type: Int32.Type) throws -> Int32 { try input.integer() }
    func decode(_ type: Int64.Type) throws -> Int64 { try input.integer() }
    func decode(_ type: UInt.Type) throws -> UInt { try input.integer() }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try input.integer() }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try input.integer() }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try input.integer() }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try input.integer() }
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try input.read(type) }
}
