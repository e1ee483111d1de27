import Postgres
import Testing

@Suite("Migrations: checksum and version")
struct ChecksumTests {
    /// The expected numbers were computed in Java with the two classes that Flyway uses,
    /// `BufferedReader.readLine` and `java.util.zip.CRC32`.
    @Test(
        "the checksum is Flyway's",
        arguments: [
            ("", 0),
            ("SELECT 1;", 78_787_420),
            ("SELECT 1;\n", 78_787_420),
            ("\u{FEFF}SELECT 1;", 78_787_420),
            ("\u{FEFF}", 0),
            ("abcd", -310_194_927),
            ("a\rb\r\nc\n\nd", -310_194_927),
            (" x \t\n y ", -189_289_129),
            ("ab\n\u{FEFF}c", 1_634_311_035),
            (
                """
                CREATE TABLE stock (
                    product_id text PRIMARY KEY,
                    available bigint NOT NULL CHECK (available >= 0)
                );

                -- größer: 円 🚂
                INSERT INTO stock VALUES ('a', 1);

                """, -1_412_954_466
            ),
        ] as [(String, Int32)])
    func checksum(text: String, expected: Int32) {
        #expect(FlywayChecksum.of(text) == expected)
    }

    @Test("versions compare number by number")
    func versions() throws {
        let ordered = ["0", "0.1", "1", "1.2", "1.9", "1.10", "2", "10", "2024.11.03", "99999999999999999999999"]
        let versions = try ordered.map { try #require(MigrationVersion($0)) }
        #expect(versions.shuffled().sorted() == versions)
        #expect(MigrationVersion("1_2")?.text == "1.2")
        #expect(MigrationVersion("001")?.text == "001")
        #expect(MigrationVersion("001") == MigrationVersion("1.0.0"))
        #expect(MigrationVersion("0") == MigrationVersion("0.0"))
    }

    @Test(
        "what is no version is refused",
        arguments: ["", ".", "1.", ".1", "1..2", "a", "1a", "-1", "1 2", "१", String(repeating: "1", count: 51)])
    func noVersion(text: String) {
        #expect(MigrationVersion(text) == nil)
    }
}

@Suite("Migrations: the lock of a schema")
struct LockKeyTests {
    /// The expected numbers were computed in Java as Flyway does: its letters as a number plus
    /// `String.hashCode` of the quoted name of the table.
    @Test(
        "is the one that Flyway takes",
        arguments: [("orders", 77_432_884_455_665), ("inventory", 77_431_572_599_390), ("größe 円🚂", 77_430_718_381_150)]
            as [(String, Int64)])
    func key(schema: String, expected: Int64) {
        #expect(Migrator.lockKey(schema: schema) == expected)
    }
}

@Suite("Migrations: the schema that is meant")
struct FirstSchemaTests {
    @Test(
        "is the first of the search path",
        arguments: [
            (nil, nil), ("", nil), (" , a", nil), ("orders", "orders"), (" Orders , public", "orders"), ("a,b", "a"),
            ("\"Odd, \"\"one\"\"\", public", "Odd, \"one\""),
        ] as [(String?, String?)])
    func first(searchPath: String?, expected: String?) {
        #expect(Migrator.firstSchema(of: searchPath) == expected)
    }
}
