/// One value of a result, still in PostgreSQL's binary format.
///
/// Sendable by proof: the memory belongs to an immutable result that `owner` keeps alive, and nobody writes to it.
public struct PostgresCell: @unchecked Sendable {
    /// The type of the value.
    public let type: PostgresType
    let column: ColumnReference
    private let owner: ResultHandle
    private let start: UnsafeRawPointer?
    /// How many bytes the value has.
    public let count: Int

    /// Names the column in errors without making a string until it is needed.
    struct ColumnReference {
        var index: Int
        var row: Int
    }

    init(owner: ResultHandle, type: PostgresType, column: ColumnReference, start: UnsafeRawPointer?, count: Int) {
        self.owner = owner
        self.type = type
        self.column = column
        self.start = start
        self.count = count
    }

    /// Whether the value is SQL NULL.
    public var isNull: Bool { start == nil }

    /// The bytes; the pointer is valid during the call only.
    public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        let result = try body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
        withExtendedLifetime(owner) {}
        return result
    }

    /// The value as bytes.
    public var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

    /// The value read as a big-endian integer of exactly its size, or nil when the size differs.
    public func integer<I: FixedWidthInteger>(_: I.Type, at offset: Int = 0) -> I? {
        guard !isNull, offset >= 0, offset + MemoryLayout<I>.size <= count else { return nil }
        return withUnsafeBytes { I(bigEndian: $0.loadUnaligned(fromByteOffset: offset, as: I.self)) }
    }

    /// A part of this value as a value of its own, e.g. an element of an array.
    func slice(_ range: Range<Int>, type: PostgresType) -> PostgresCell {
        PostgresCell(owner: owner, type: type, column: column, start: start.map { $0 + range.lowerBound }, count: range.count)
    }

    func null(type: PostgresType) -> PostgresCell {
        PostgresCell(owner: owner, type: type, column: column, start: nil, count: 0)
    }

    /// The error for a value that cannot become `wanted`; names the column, its type and the wanted type.
    public func mismatch<T>(_ wanted: T.Type, _ reason: String? = nil) -> PostgresError {
        let name = owner.columnName(column.index)
        var message = "column \"\(name)\" (index \(column.index), row \(column.row)) of type \(type)"
        if !"\(type)".hasPrefix("oid") { message += " (oid \(type.oid))" }
        message += isNull ? " is NULL and cannot become \(wanted)" : " cannot become \(wanted)"
        if let reason { message += ": \(reason)" }
        return PostgresError(code: .decoding, message: message, column: name)
    }
}
