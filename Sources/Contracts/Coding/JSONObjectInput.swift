/// An object that is being read.
struct JSONObjectInput<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let object: JSONObject
    let path: JSONInput.Path?

    var codingPath: [any CodingKey] { path?.keys ?? [] }
    var allKeys: [Key] { object.keys.compactMap { Key(stringValue: $0) } }

    func contains(_ key: Key) -> Bool { object[key.stringValue] != nil }

    func decodeNil(forKey key: Key) throws -> Bool { try input(key).value.isNull }

    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try input(key).bool() }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try input(key).string() }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try input(key).floating() }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { Float(try input(key).floating()) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try input(key).integer() }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try input(key).integer() }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try input(key).integer() }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try input(key).integer() }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try input(key).integer() }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try input(key).integer() }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try input(key).integer() }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try input(key).integer() }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try input(key).integer() }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try input(key).integer() }
    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value { try input(key).read(type) }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try input(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try input(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { input(JSONInput.Key("super")) }

    func superDecoder(forKey key: Key) throws -> any Decoder { input(key as any CodingKey) }

    private func input(_ key: Key) throws -> JSONInput {
        guard let value = object[key.stringValue] else {
            throw DecodingError.keyNotFound(key, .init(codingPath: codingPath, debugDescription: "is missing"))
        }
        return JSONInput(value: value, path: path, step: .name(key.stringValue))
    }

    /// `superDecoder` reads null where nothing is.
    private func input(_ key: any CodingKey) -> JSONInput {
        JSONInput(value: object[key.stringValue] ?? .null, path: path, step: .name(key.stringValue))
    }
}
