import Foundation
import Postgres
import Testing

@Suite struct SQLTests {
    @Test func valuesBecomeParameters() {
        let evil = "'; drop table x; --"
        let sql: SQL = "select * from t where a = \(evil) and b = \(3) and c = \(nil as Int?)"
        #expect(sql.text == "select * from t where a = $1 and b = $2 and c = $3")
        #expect(sql.parameterCount == 3)
        #expect(sql.parameters.types == [25, 20, 20])
    }

    @Test func identifiersAreQuoted() {
        #expect(("select \(identifier: "a\"b; drop")" as SQL).text == "select \"a\"\"b; drop\"")
    }

    /// Fails when a splice keeps the numbers of the fragment.
    @Test func fragmentsAreRenumbered() {
        let condition: SQL = "a = \(1) and b = \(2)"
        let other: SQL = "c = \("x")"
        let sql: SQL = "select \(0) where \(condition) or \(other) limit \(9)"
        #expect(sql.text == "select $1 where a = $2 and b = $3 or c = $4 limit $5")
        #expect(sql.parameters.types == [20, 20, 20, 25, 20])
        let twice = sql + " union " + sql
        #expect(twice.text.hasSuffix("union select $6 where a = $7 and b = $8 or c = $9 limit $10"))
        let list = (1...12).map { "\($0)" as SQL }.joined()
        #expect(("(\(list))" as SQL).text == "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)")
        let nested: SQL = "x \(other) \("(\(list))" as SQL)"
        #expect(nested.text == "x c = $1 ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)")
    }

    @Test func rawTextIsMarked() {
        #expect(SQL(unsafe: "x").isRaw)
        #expect(("a \(SQL(unsafe: "x"))" as SQL).isRaw)
        #expect(!("a" as SQL).isRaw)
    }

    @Test func urls() throws {
        let full = try PostgresConfiguration(
            url: "postgresql://us%40er:p%2Fw@h.example:5433/d%20b?sslmode=verify-full&application_name=x&statement_timeout=1500")
        #expect(full.user == "us@er" && full.password == "p/w" && full.host == "h.example" && full.port == 5433)
        #expect(full.database == "d b" && full.sslMode == .verifyFull && full.applicationName == "x")
        #expect(full.statementTimeout == .milliseconds(1500))
        #expect(!"\(full)".contains("p/w"))
        let socket = try PostgresConfiguration(url: "postgres://u:p@localhost:6000/d?host=/run/x")
        #expect(socket.host == "/run/x" && socket.port == 6000)
        let six = try PostgresConfiguration(url: "postgres://u@[::1]:5/d")
        #expect(six.host == "::1" && six.port == 5)
        for bad in ["http://x", "postgres://h:0/", "postgres://h:x/", "postgres://%zz@h/", "postgres://h/?sslmode=maybe", ""] {
            let error = #expect(throws: PostgresError.self) { try PostgresConfiguration(url: bad) }
            #expect(error?.code == .usage)
        }
    }
}
