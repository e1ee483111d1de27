/// The encoded parameters of one statement: all values in one contiguous buffer, as they go to libpq.
package struct SQLParameters: Sendable, Equatable {
    struct Slot: Sendable, Equatable {
        var type: UInt32
        var offset: Int
        /// -1 for NULL.
        var length: Int
    }

    private(set) var slots: [Slot] = []
    private(set) var buffer = PostgresBuffer()

    package var count: Int { slots.count }
    /// The OIDs of the parameter types, in order.
    package var types: [UInt32] { slots.map(\.type) }

    /// Whether the parameter types are these; compares without making an array.
    func hasTypes(_ types: [UInt32]) -> Bool {
        slots.count == types.count && slots.indices.allSatisfy { slots[$0].type == types[$0] }
    }

    mutating func reserveCapacity(_ count: Int) {
        slots.reserveCapacity(count)
        buffer.reserveCapacity(count * 16)
    }

    mutating func append<T: PostgresEncodable>(_ value: T) throws(PostgresError) {
        let start = buffer.count
        if value.isPostgresNull {
            slots.append(Slot(type: T.postgresType.oid, offset: start, length: -1))
            return
        }
        // The slot is written even when encoding fails, so that the numbers of the placeholders stay right.
        defer { slots.append(Slot(type: T.postgresType.oid, offset: start, length: buffer.count - start)) }
        try value.encode(into: &buffer)
    }

    mutating func append(_ other: SQLParameters) {
        let base = buffer.count
        buffer.write(bytes: other.buffer.bytes)
        slots.append(
            contentsOf: other.slots.lazy.map { Slot(type: $0.type, offset: $0.offset + base, length: $0.length) })
    }

    /// Hands out what libpq wants, valid for the duration of the call.
    func withCArrays<R>(
        _ body: (
            _ types: UnsafePointer<UInt32>?, _ values: UnsafePointer<UnsafePointer<CChar>?>?,
            _ lengths: UnsafePointer<CInt>?, _ formats: UnsafePointer<CInt>?
        ) -> R
    ) -> R {
        let count = slots.count
        if count == 0 { return body(nil, nil, nil, nil) }
        return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: count) { types in
            withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count) { values in
                withUnsafeTemporaryAllocation(of: CInt.self, capacity: count * 2) { numbers in
                    buffer.withUnsafeBytes { bytes in
                        // An empty value is not NULL: it needs some address.
                        let base = bytes.baseAddress ?? UnsafeRawPointer(values.baseAddress!)
                        for (index, slot) in slots.enumerated() {
                            types.initializeElement(at: index, to: slot.type)
                            values.initializeElement(
                                at: index,
                                to: slot.length < 0 ? nil : (base + slot.offset).assumingMemoryBound(to: CChar.self))
                            numbers.initializeElement(at: index, to: CInt(max(slot.length, 0)))
                            numbers.initializeElement(at: count + index, to: 1)
                        }
                        return body(
                            types.baseAddress, UnsafePointer(values.baseAddress), numbers.baseAddress,
                            numbers.baseAddress.map { UnsafePointer($0 + count) })
                    }
                }
            }
        }
    }
}
