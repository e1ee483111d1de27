/// A PostgreSQL data type by its object identifier (`pg_type.oid`).
public struct PostgresType: Hashable, Sendable {
    /// The object identifier.
    public var oid: UInt32

    /// A type by its identifier.
    public init(oid: UInt32) { self.oid = oid }

    /// `boolean`
    public static let bool = PostgresType(oid: 16)
    /// `bytea`
    public static let bytea = PostgresType(oid: 17)
    /// `"char"`, the one-byte internal type
    public static let char = PostgresType(oid: 18)
    /// `name`
    public static let name = PostgresType(oid: 19)
    /// `bigint`
    public static let int8 = PostgresType(oid: 20)
    /// `smallint`
    public static let int2 = PostgresType(oid: 21)
    /// `integer`
    public static let int4 = PostgresType(oid: 23)
    /// `text`
    public static let text = PostgresType(oid: 25)
    /// `oid`
    public static let oid = PostgresType(oid: 26)
    /// `json`
    public static let json = PostgresType(oid: 114)
    /// `xml`
    public static let xml = PostgresType(oid: 142)
    /// `real`
    public static let float4 = PostgresType(oid: 700)
    /// `double precision`
    public static let float8 = PostgresType(oid: 701)
    /// a literal whose type was never resolved
    public static let unknown = PostgresType(oid: 705)
    /// `character(n)`
    public static let bpchar = PostgresType(oid: 1042)
    /// `character varying`
    public static let varchar = PostgresType(oid: 1043)
    /// `date`
    public static let date = PostgresType(oid: 1082)
    /// `timestamp without time zone`
    public static let timestamp = PostgresType(oid: 1114)
    /// `timestamp with time zone`
    public static let timestamptz = PostgresType(oid: 1184)
    /// `numeric`
    public static let numeric = PostgresType(oid: 1700)
    /// `void`, what a procedure-like function returns
    public static let void = PostgresType(oid: 2278)
    /// `uuid`
    public static let uuid = PostgresType(oid: 2950)
    /// `jsonb`
    public static let jsonb = PostgresType(oid: 3802)

    /// `boolean[]`
    public static let boolArray = PostgresType(oid: 1000)
    /// `bytea[]`
    public static let byteaArray = PostgresType(oid: 1001)
    /// `smallint[]`
    public static let int2Array = PostgresType(oid: 1005)
    /// `integer[]`
    public static let int4Array = PostgresType(oid: 1007)
    /// `text[]`
    public static let textArray = PostgresType(oid: 1009)
    /// `bigint[]`
    public static let int8Array = PostgresType(oid: 1016)
    /// `real[]`
    public static let float4Array = PostgresType(oid: 1021)
    /// `double precision[]`
    public static let float8Array = PostgresType(oid: 1022)
    /// `timestamp with time zone[]`
    public static let timestamptzArray = PostgresType(oid: 1185)
    /// `numeric[]`
    public static let numericArray = PostgresType(oid: 1231)
    /// `uuid[]`
    public static let uuidArray = PostgresType(oid: 2951)
    /// `jsonb[]`
    public static let jsonbArray = PostgresType(oid: 3807)
    /// `name[]`
    public static let nameArray = PostgresType(oid: 1003)
    /// `character varying[]`
    public static let varcharArray = PostgresType(oid: 1015)

    /// Identifiers from here on belong to types that a database defined itself (enums, domains over them, extensions).
    static let firstUserDefined: UInt32 = 16384
    var isUserDefined: Bool { oid >= Self.firstUserDefined }
}

extension PostgresType: CustomStringConvertible {
    private static let names: [UInt32: String] = [
        16: "bool", 17: "bytea", 18: "char", 19: "name", 20: "int8", 21: "int2", 23: "int4", 25: "text", 26: "oid", 114: "json",
        142: "xml", 700: "float4", 701: "float8", 705: "unknown", 1042: "bpchar", 1043: "varchar", 1082: "date",
        1083: "time", 1114: "timestamp", 1184: "timestamptz", 1186: "interval", 1700: "numeric", 2278: "void", 2950: "uuid",
        3802: "jsonb", 1000: "bool[]", 1001: "bytea[]", 1003: "name[]", 1005: "int2[]", 1007: "int4[]", 1009: "text[]",
        1015: "varchar[]", 1016: "int8[]", 1021: "float4[]", 1022: "float8[]", 1185: "timestamptz[]", 1231: "numeric[]",
        2951: "uuid[]", 3807: "jsonb[]",
    ]

    /// The name of a built-in type, else `oid N`.
    public var description: String { Self.names[oid] ?? "oid \(oid)" }
}
