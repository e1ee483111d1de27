/// Arrays in binary: dimensions, a flag for NULLs, the element type, then for each dimension its length and lower bound, then each
/// element with its length (src/backend/utils/adt/arrayfuncs.c, array_send).
extension PostgresArrayElement where Self: PostgresEncodable {
    /// Writes an array of one dimension.
    public static func encodeArray(_ array: [Self], into buffer: inout PostgresBuffer) throws(PostgresError) {
        buffer.write(integer: array.isEmpty ? 0 : 1 as Int32)
        buffer.write(integer: array.contains { $0.isPostgresNull } ? 1 : 0 as Int32)
        buffer.write(integer: postgresType.oid)
        if array.isEmpty { return }
        guard let count = Int32(exactly: array.count) else {
            throw PostgresError(code: .encoding, message: "an array has more than 2^31 - 1 elements")
        }
        buffer.write(integer: count)
        buffer.write(integer: 1 as Int32)
        for element in array {
            if element.isPostgresNull {
                buffer.write(integer: -1 as Int32)
                continue
            }
            let place = buffer.count
            buffer.write(integer: 0 as Int32)
            try element.encode(into: &buffer)
            buffer.patch(int32: Int32(truncatingIfNeeded: buffer.count - place - 4), at: place)
        }
    }
}

extension PostgresArrayElement where Self: PostgresDecodable {
    /// Reads an array of one dimension; one of several dimensions is an error.
    public static func decodeArray(_ cell: PostgresCell) throws(PostgresError) -> [Self] {
        guard let dimensions = cell.integer(Int32.self, at: 0), let oid = cell.integer(UInt32.self, at: 8) else {
            throw cell.mismatch([Self].self)
        }
        if dimensions == 0 { return [] }
        guard dimensions == 1 else { throw cell.mismatch([Self].self, "it has \(dimensions) dimensions") }
        guard let length = cell.integer(Int32.self, at: 12), length >= 0, Int(length) * 4 <= cell.count else {
            throw cell.mismatch([Self].self)
        }
        var result: [Self] = []
        result.reserveCapacity(Int(length))
        let type = PostgresType(oid: oid)
        var offset = 20
        for _ in 0..<length {
            guard let size = cell.integer(Int32.self, at: offset) else { throw cell.mismatch([Self].self) }
            offset += 4
            if size < 0 {
                guard let null = postgresNull else { throw cell.mismatch([Self].self, "an element is NULL") }
                result.append(null)
                continue
            }
            guard offset + Int(size) <= cell.count else { throw cell.mismatch([Self].self) }
            result.append(try Self(cell: cell.slice(offset..<offset + Int(size), type: type)))
            offset += Int(size)
        }
        return result
    }
}

extension Array: PostgresEncodable where Element: PostgresArrayElement {
    /// The array type of the element.
    public static var postgresType: PostgresType { Element.postgresArrayType }
    /// Writes the elements.
    public func encode(into buffer: inout PostgresBuffer) throws(PostgresError) { try Element.encodeArray(self, into: &buffer) }
}

extension Array: PostgresDecodable where Element: PostgresArrayElement {
    /// Reads the elements.
    public init(cell: PostgresCell) throws(PostgresError) { self = try Element.decodeArray(cell) }
}
