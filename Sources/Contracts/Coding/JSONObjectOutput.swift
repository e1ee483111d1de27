/// An object that is being written.
struct JSONObjectOutput<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let output: JSONOutput
    let place: JSONOutput.Place

    var codingPath: [any CodingKey] { [] }

    mutating func encodeNil(forKey key: Key) throws {
        output.member(key.stringValue, of: place)
        output.writeNil()
    }

    mutating func encode(_ value: Bool, forKey key: Key) throws {
        output.member(key.stringValue, of: place)
        output.write(value)
    }

    mutating func encode(_ value: String, forKey key: Key) throws {
        output.member(key.stringValue, of: place)
        output.write(value)
    }

    mutating func encode(_ value: Double, forKey key: Key) throws {
        output.member(key.stringValue, of: place)
        try output.write(number: value)
    }

    mutating func encode(_ value: Float, forKey key: Key) throws {
        output.member(key.stringValue, of: place)
        try output.write(number: value)
    }

    mutating func encode(_ value: Int, forKey key: Key) throws { integer(value, key) }
    mutating func encode(_ value: Int8, forKey key: Key) throws { integer(value, key) }
    mutating func encode(_ value: Int16, forKey key: Key) throws { integer(value, key) }
    mutating func encode(_ value: Int32, forKey key: Key) throws { integer(value, key) }
    mutating func encode(_ value: Int64, forKey key: Key) throws { integer(value, key) }
    mutating func encode(_ value: UInt, forKey key: Key) throws { integer(value, key) }
    mutating func encode(_ value: UInt8, forKey key: Key) throws { integer(value, key) }
    mutating func encode(_ value: UInt16, forKey key: Key) throws { integer(value, key) }
    mutating func encode(_ value: UInt32, forKey key: Key) throws { integer(value, key) }
    mutating func encode(_ value: UInt64, forKey key: Key) throws { integer(value, key) }

    mutating func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
        output.member(key.stringValue, of: place)
        try output.write(value)
    }

    private func integer(_ value: some FixedWidthInteger, _ key: Key) {
        output.member(key.stringValue, of: place)
        output.write(integer: value)
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        output.member(key.stringValue, of: place)
        return JSONOutputEncoder(output: output, level: output.level).container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        output.member(key.stringValue, of: place)
        return JSONOutputEncoder(output: output, level: output.level).unkeyedContainer()
    }

    mutating func superEncoder() -> any Encoder {
        output.giveUp()
        return JSONOutputEncoder(output: output, level: output.level)
    }

    mutating func superEncoder(forKey key: Key) -> any Encoder { superEncoder() }
}
