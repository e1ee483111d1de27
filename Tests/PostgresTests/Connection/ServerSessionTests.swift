import Postgres
import TestSupport
import Testing

private let database = SuiteDatabase("session")

/// What the server knows of a client that may vanish, and what it says when it has ended a session.
@Suite struct ServerSessionTests {
    /// Fails when the connection does not ask for it (PostgresConfiguration.connectionKeywords).
    @Test func theServerLooksAfterItsClient() async throws {
        try await database.connect({ $0.host = "127.0.0.1" }) { (connection) async throws in
            for (name, value) in [("tcp_keepalives_idle", "30"), ("tcp_keepalives_interval", "10"), ("tcp_keepalives_count", "3")] {
                let row = try await connection.execute("SELECT setting FROM pg_settings WHERE name = \(name)").first
                #expect(try row?.decode(String.self, at: 0) == value, "\(name)")
            }
        }
    }

    /// Fails when a code is missing (PostgresError.isConnectionFailure): a message would be blamed for it.
    @Test(arguments: ["57P01", "57P02", "57P03", "57P05", "25P03", "25P04", "53300", "08006"])
    func aSessionThatTheServerHasEndedIsNotTheStatementsFault(_ state: String) {
        #expect(PostgresError(code: .server, message: "", sqlState: state).isConnectionFailure)
        #expect(!PostgresError(code: .server, message: "", sqlState: "25P02").isConnectionFailure)
    }
}
