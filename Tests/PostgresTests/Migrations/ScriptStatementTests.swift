import Postgres
import Testing

@Suite("Migrations: splitting scripts")
struct ScriptStatementTests {
    @Test(
        "semicolons end statements only where PostgreSQL sees them",
        arguments: [
            ("", []),
            (" ; ;\n;", []),
            ("SELECT 1; SELECT 2", ["SELECT 1", "SELECT 2"]),
            ("SELECT 'a;b'';c'; SELECT 2;", ["SELECT 'a;b'';c'", "SELECT 2"]),
            (#"SELECT 'a\'; SELECT 2;"#, [#"SELECT 'a\'"#, "SELECT 2"]),
            (#"SELECT E'a\';b'; SELECT 2;"#, [#"SELECT E'a\';b'"#, "SELECT 2"]),
            (#"SELECT "a;""b"; SELECT 2"#, [#"SELECT "a;""b""#, "SELECT 2"]),
            ("SELECT $$a;b$$; SELECT 2", ["SELECT $$a;b$$", "SELECT 2"]),
            ("SELECT $x$a;$$;$y$;$x$; SELECT 2", ["SELECT $x$a;$$;$y$;$x$", "SELECT 2"]),
            ("SELECT a$b$c; SELECT $1; SELECT 2", ["SELECT a$b$c", "SELECT $1", "SELECT 2"]),
            ("-- a; b\nSELECT 1; -- c; d\n", ["SELECT 1"]),
            ("/* a; /* b; */ c; */ SELECT 1 /* ; */ + 1;", ["SELECT 1 /* ; */ + 1"]),
            ("SELECT 1 - -1; SELECT 4 / 2;", ["SELECT 1 - -1", "SELECT 4 / 2"]),
            (
                "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3",
                ["CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)", "SELECT 3"]
            ),
            (
                "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END; SELECT 2",
                ["CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END", "SELECT 2"]
            ),
            ("DO $do$ BEGIN PERFORM 1; END $do$; SELECT 2", ["DO $do$ BEGIN PERFORM 1; END $do$", "SELECT 2"]),
            ("SELECT 'ä;$$'; SELECT ü$$;$$; SELECT 2", ["SELECT 'ä;$$'", "SELECT ü$$", "$$; SELECT 2"]),
            ("\u{FEFF}SELECT 1", ["SELECT 1"]),
        ] as [(String, [String])])
    func split(script: String, expected: [String]) throws {
        if script.contains("ü$$") {
            // A dollar inside of a word is a letter, so what follows is an open dollar quote.
            #expect(throws: PostgresError.self) { try ScriptStatement.split(script) }
        } else {
            #expect(try ScriptStatement.split(script).map(\.text) == expected)
        }
    }

    /// Fails when only a line feed ends a comment: what stands behind it would be left out, and the migration taken for done.
    @Test(
        "a carriage return ends a comment, as it does for PostgreSQL",
        arguments: [
            ("-- note\rINSERT INTO t VALUES (1);\r-- end", ["INSERT INTO t VALUES (1)"]),
            ("-- note\r\nSELECT 1;\r\n", ["SELECT 1"]),
            ("SELECT 1 -- one\r; SELECT 2", ["SELECT 1 -- one", "SELECT 2"]),
        ] as [(String, [String])])
    func carriageReturn(script: String, expected: [String]) throws {
        #expect(try ScriptStatement.split(script).map(\.text) == expected)
    }

    @Test("statements know their line")
    func lines() throws {
        let script = "-- head\n\nSELECT 1;\n/* a\n b */ SELECT\n 'x\ny'; SELECT $$\n\n$$;\nSELECT 4"
        #expect(try ScriptStatement.split(script).map(\.line) == [3, 5, 7, 10])
    }

    @Test(
        "what is not closed is named with its line",
        arguments: [
            ("SELECT 1;\nSELECT 'a", 2), ("\n\nSELECT \"a", 3), ("SELECT $a$ $b$", 1), ("SELECT 1 /* /* */", 1),
            ("SELECT 1;\n\\connect other", 2),
        ])
    func unclosed(script: String, line: Int) {
        let error = #expect(throws: PostgresError.self) { try ScriptStatement.split(script) }
        #expect(error?.code == .migration)
        #expect(error?.message.hasPrefix("line \(line):") == true)
    }

    @Test(
        "what would end the transaction of the migration is refused",
        arguments: [
            "BEGIN", "commit", "END", "ABORT", "Rollback", "START TRANSACTION", "PREPARE TRANSACTION 'x'", "COPY t FROM STDIN",
            "copy t (a, b) from stdin with (format csv)",
        ])
    func refused(statement: String) throws {
        #expect(try ScriptStatement.split(statement)[0].refusal != nil)
    }

    @Test(
        "what only looks like it is not",
        arguments: [
            "ROLLBACK TO SAVEPOINT a", "SAVEPOINT a", "PREPARE p AS SELECT 1", "COPY t FROM '/x'", "SELECT 'COMMIT'",
            "DO $$ BEGIN END $$", "CREATE TABLE t (start int)",
        ])
    func allowed(statement: String) throws {
        #expect(try ScriptStatement.split(statement)[0].refusal == nil)
    }
}
