/// A value that can be bound to a statement.
///
/// Conforming: `Bool Int16 Int32 Int64 Int Double Float String UUID Date Decimal [UInt8] PostgresJSON`, optionals and arrays of
/// these. An enum with such a raw value conforms by declaring it: `enum Status: String, PostgresEncodable`.
public protocol PostgresEncodable: Sendable {
    /// The type the server is told. NULL has it too.
    static var postgresType: PostgresType { get }
    /// Whether the value is SQL NULL; then `encode` is not called.
    var isPostgresNull: Bool { get }
    /// Writes the value in PostgreSQL's binary format.
    func encode(into buffer: inout PostgresBuffer) throws(PostgresError)
}

/// A value that a column can become. The same types as for ``PostgresEncodable``.
public protocol PostgresDecodable: Sendable {
    /// What SQL NULL becomes; nil when NULL is an error.
    static var postgresNull: Self? { get }
    /// Reads a value that is not NULL.
    /// - Throws: ``PostgresError`` with code `decoding` when the type does not fit; make it with ``PostgresCell/mismatch(_:_:)``.
    init(cell: PostgresCell) throws(PostgresError)
}

/// Both directions.
public typealias PostgresCodable = PostgresEncodable & PostgresDecodable

/// A type whose arrays are PostgreSQL arrays of one dimension.
///
/// (`UInt8` is one only in name: `[UInt8]` is a `bytea`.)
public protocol PostgresArrayElement: Sendable {
    /// The type of `[Self]`.
    static var postgresArrayType: PostgresType { get }
    /// Writes a whole array.
    static func encodeArray(_ array: [Self], into buffer: inout PostgresBuffer) throws(PostgresError)
    /// Reads a whole array.
    static func decodeArray(_ cell: PostgresCell) throws(PostgresError) -> [Self]
}

extension PostgresEncodable {
    /// Not NULL.
    public var isPostgresNull: Bool { false }
}

extension PostgresDecodable {
    /// NULL is an error.
    public static var postgresNull: Self? { nil }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    /// The type of the wrapped value.
    public static var postgresType: PostgresType { Wrapped.postgresType }
    /// `nil` is NULL.
    public var isPostgresNull: Bool { self?.isPostgresNull ?? true }
    /// Writes the wrapped value.
    public func encode(into buffer: inout PostgresBuffer) throws(PostgresError) {
        if case .some(let value) = self { try value.encode(into: &buffer) }
    }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    /// NULL is `nil`.
    public static var postgresNull: Wrapped?? { .some(.none) }
    /// Reads the wrapped value.
    public init(cell: PostgresCell) throws(PostgresError) { self = .some(try Wrapped(cell: cell)) }
}

extension Optional: PostgresArrayElement where Wrapped: PostgresArrayElement & PostgresCodable {
    /// The array type of the wrapped value.
    public static var postgresArrayType: PostgresType { Wrapped.postgresArrayType }
}

extension PostgresEncodable where Self: RawRepresentable, RawValue: PostgresEncodable {
    /// The type of the raw value.
    public static var postgresType: PostgresType { RawValue.postgresType }
    /// Writes the raw value.
    public func encode(into buffer: inout PostgresBuffer) throws(PostgresError) { try rawValue.encode(into: &buffer) }
}

extension PostgresDecodable where Self: RawRepresentable, RawValue: PostgresDecodable {
    /// Reads the raw value; one that has no case is an error.
    public init(cell: PostgresCell) throws(PostgresError) {
        let raw = try RawValue(cell: cell)
        guard let value = Self(rawValue: raw) else { throw cell.mismatch(Self.self, "there is no case with raw value \(raw)") }
        self = value
    }
}

extension PostgresArrayElement where Self: RawRepresentable, RawValue: PostgresArrayElement {
    /// The array type of the raw value.
    public static var postgresArrayType: PostgresType { RawValue.postgresArrayType }
}
