import Logging
import Postgres

/// Inserts single rows of 550 bytes, pipelined, a hundred to a transaction, as `pgb` does.
struct InsertBenchmark {
    var rows: Int
    var logger: Logger

    func run() async throws {
        let client = try PostgresClient(configuration: PostgresConfiguration(url: environment("DATABASE_URL")), logger: logger)
        try await client.execute("DROP TABLE IF EXISTS benchmark_inserts")
        try await client.execute("CREATE TABLE benchmark_inserts (id bigint PRIMARY KEY, payload bytea NOT NULL)")
        let payload = [UInt8](repeating: 120, count: 550)
        let taken = try await seconds {
            for start in stride(from: 0, to: rows, by: 100) {
                try await client.withTransaction { transaction in
                    for id in start..<(start + 100) {
                        transaction.enqueue("INSERT INTO benchmark_inserts VALUES (\(id), \(payload))")
                    }
                }
            }
        }
        report("inserts", Double(rows) / taken, "rows/s")
        try await client.execute("DROP TABLE benchmark_inserts")
        await client.close()
    }
}
