import Postgres
import Testing

@Suite struct URLTests {
    @Test func readsWhatLibpqReads() throws {
        let plain = try PostgresConfiguration(
            url: "postgres://u:p%40%2F@h:1/d?sslmode=require&search_path=a,b&connect_timeout=3&keepalives=1")
        #expect(plain.user == "u" && plain.password == "p@/" && plain.host == "h" && plain.port == 1 && plain.database == "d")
        #expect(
            plain.sslMode == .require && plain.searchPath == "a,b" && plain.connectTimeout == .seconds(3)
                && plain.parameters == ["keepalives": "1"])
        #expect(try PostgresConfiguration(url: "postgresql://[::1]:5/x").host == "::1")
        #expect(try PostgresConfiguration(url: "postgres:///d?host=/run/pg").host == "/run/pg")
        #expect(try PostgresConfiguration(url: "postgres://%2Frun%2Fpg/d").host == "/run/pg")
    }

    @Test(arguments: [
        "mysql://h/d", "postgres://h:0/d", "postgres://h/%zz", "postgres://[::1/d", "postgres://h/d?x", "postgres://h/d?sslmode=maybe",
        "postgres://h/%00",
    ])
    func refuses(_ url: String) {
        #expect(throws: PostgresError.self) { try PostgresConfiguration(url: url) }
    }

    /// Fails when the name goes into the search path as it is: PostgreSQL would fold its letters, or read several names.
    @Test func aSchemaMayHaveAnyName() throws {
        var configuration = try PostgresConfiguration(url: "postgres://h/d")
        configuration.setSchema(#"My "shop", eu"#)
        #expect(configuration.searchPath == #""My ""shop"", eu""#)
        #expect(Migrator.firstSchema(of: configuration.searchPath) == #"My "shop", eu"#)
    }

    /// Every part of a rewritten URL is what it was, or what was asked for.
    @Test(arguments: [
        "postgres://admin:secret@db.example:6543/postgres?sslmode=verify-full&sslrootcert=/etc/ca%20x.pem&application_name=a%26b",
        "postgres://admin:s%3A%40%2F%3F%23@/postgres?host=/tmp/a%20b/socket&port=5433",
        "postgresql://admin@[fe80::1]:5/x?options=-c%20a%3Db",
        "postgres://%2Frun%2Fpg/d", "postgres://h", "postgres://admin:x@h/d?user=other&password=more&dbname=third&search_path=old",
    ])
    func rewrites(_ url: String) throws {
        let before = try PostgresConfiguration(url: url)
        #expect(try Parts(PostgresConfiguration(url: PostgresConfiguration.url(url))) == Parts(before))

        let worker = try PostgresConfiguration(
            url: PostgresConfiguration.url(url, user: "worker_a", password: "p:@/?#&=%ü", database: "shop/1"))
        var expected = Parts(before)
        (expected.user, expected.password, expected.database) = ("worker_a", "p:@/?#&=%ü", "shop/1")
        #expect(Parts(worker) == expected)

        // Nobody's password is handed to somebody else.
        let other = try PostgresConfiguration(url: PostgresConfiguration.url(url, user: "worker_a", searchPath: "a, public"))
        #expect(other.user == "worker_a" && other.password == nil && other.searchPath == "a, public")
    }

    private struct Parts: Equatable {
        var user: String
        var password: String?
        var database: String
        var host: String
        var port: Int
        var searchPath: String?
        var ssl: PostgresConfiguration.SSLMode
        var certificate: String?
        var options: String?
        var name: String?

        init(_ configuration: PostgresConfiguration) {
            user = configuration.user
            password = configuration.password
            database = configuration.database
            host = configuration.host
            port = configuration.port
            searchPath = configuration.searchPath
            ssl = configuration.sslMode
            certificate = configuration.sslRootCert
            options = configuration.options
            name = configuration.applicationName
        }
    }

    /// Fails when the URL stands in the message: it has a password.
    @Test func neverQuotesTheURL() {
        let error = #expect(throws: PostgresError.self) { try PostgresConfiguration.url("http://a:topsecret@h/d", user: "b") }
        #expect("\(error as Any)".contains("topsecret") == false)
    }
}
