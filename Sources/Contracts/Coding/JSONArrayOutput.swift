/// An array that is being written.
struct JSONArrayOutput: UnkeyedEncodingContainer {
    let output: JSONOutput
    let place: JSONOutput.Place

    var codingPath: [any CodingKey] { [] }
    var count: Int { output.count(of: place) }

    mutating func encodeNil() throws {
        output.element(of: place)
        output.writeNil()
    }

    mutating func encode(_ value: Bool) throws {
        output.element(of: place)
        output.write(value)
    }

    mutating func encode(_ value: String) throws {
        output.element(of: place)
        output.write(value)
    }

    mutating func encode(_ value: Double) throws {
        output.element(of: place)
        try output.write(number: value)
    }

    mutating func encode(_ value: Float) throws {
        output.element(of: place)
        try output.write(number: value)
    }

    mutating func encode(_ value: Int) throws { integer(value) }
    mutating func encode(_ value: Int8) throws { integer(value) }
    mutating func encode(_ value: Int16) throws { integer(value) }
    mutating func encode(_ value: Int32) throws { integer(value) }
    mutating func encode(_ value: Int64) throws { integer(value) }
    mutating func encode(_ value: UInt) throws { integer(value) }
    mutating func encode(_ value: UInt8) throws { integer(value) }
    mutating func encode(_ value: UInt16) throws { integer(value) }
    mutating func encode(_ value: UInt32) throws { integer(value) }
    mutating func encode(_ value: UInt64) throws { integer(value) }

    mutating func encode<Value: Encodable>(_ value: Value) throws {
        output.element(of: place)
        try output.write(value)
    }

    private func integer(_ value: some FixedWidthInteger) {
        output.element(of: place)
        output.write(integer: value)
    }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        output.element(of: place)
        return JSONOutputEncoder(output: output, level: output.level).container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        output.element(of: place)
        return JSONOutputEncoder(output: output, level: output.level).unkeyedContainer()
    }

    mutating func superEncoder() -> any Encoder {
        output.giveUp()
        return JSONOutputEncoder(output: output, level: output.level)
    }
}

/// A single value that is being written.
struct JSONSingleOutput: SingleValueEncodingContainer {
    let output: JSONOutput
    let level: Int

    var codingPath: [any CodingKey] { [] }

    mutating func encodeNil() throws { output.writeNil() }
    mutating func encode(_ value: Bool) throws { output.write(value) }
    mutating func encode(_ value: String) throws { output.write(value) }
    mutating func encode(_ value: Double) throws { try output.write(number: value) }
    mutating func encode(_ value: Float) throws { try output.write(number: value) }
    mutating func encode(_ value: Int) throws { output.write(integer: value) }
    mutating func encode(_ value: Int8) throws { output.write(integer: value) }
    mutating func encode(_ value: Int16) throws { output.write(integer: value) }
    mutating func encode(_ value: Int32) throws { output.write(integer: value) }
    mutating func encode(_ value: Int64) throws { output.write(integer: value) }
    mutating func encode(_ value: UInt) throws { output.write(integer: value) }
    mutating func encode(_ value: UInt8) throws { output.write(integer: value) }
    mutating func encode(_ value: UInt16) throws { output.write(integer: value) }
    mutating func encode(_ value: UInt32) throws { output.write(integer: value) }
    mutating func encode(_ value: UInt64) throws { output.write(integer: value) }
    mutating func encode<Value: Encodable>(_ value: Value) throws { try output.write(value) }
}
