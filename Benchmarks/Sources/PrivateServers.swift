import Logging
import Servers

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Starts PostgreSQL and RabbitMQ for one command and removes them when it ends.
enum PrivateServers {
    static func run(_ command: [String], logger: Logger) async throws {
        let postgres = try await PrivatePostgres.temporary()
        let rabbit = try await PrivateRabbitMQ.temporary(users: [
            .init(name: "guest", password: "guest", tags: ["administrator"], configure: ".*", write: ".*", read: ".*")
        ])
        setenv("DATABASE_URL", await postgres.tcpURL(), 1)
        setenv("DATABASE_SOCKET_URL", await postgres.url(), 1)
        setenv("AMQP_URL", await rabbit.url(user: "guest", password: "guest"), 1)
        setenv("AMQP_PORT", String(await rabbit.port), 1)
        let child = try ChildProcess.spawn(
            .init(
                executable: "/usr/bin/env", arguments: command, standardOutput: .inherit, standardError: .inherit))
        let status = await child.wait()
        await rabbit.remove()
        await postgres.remove()
        exit(status.shellCode)
    }
}
