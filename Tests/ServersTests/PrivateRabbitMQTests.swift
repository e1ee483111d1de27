import Foundation
import Servers
import Testing

@Suite("Private RabbitMQ", .enabled(if: ServersAvailability.rabbitMQ != nil)) struct PrivateRabbitMQTests {
    @Test("starts, comes back on the same port after a kill, and leaves no port mapper", .timeLimit(.minutes(5)))
    func life() async throws {
        let folder = try TemporaryDirectory.make()
        let users = [PrivateRabbitMQ.User(name: "orders", password: "p w/ü", configure: "^a$", write: "^b$", read: "^c$")]
        let server = PrivateRabbitMQ(dataDirectory: folder + "/mq", users: users)
        let url = try await server.start()
        #expect(url.hasPrefix("amqp://millrace:"))
        #expect(await server.url(user: "orders").contains("orders:p%20w%2F%C3%BC@"))
        let before = await server.process?.pid ?? 0
        await server.kill()
        #expect(!runs(before))
        #expect(try await server.start() == url)
        let after = await server.process?.pid ?? 0
        #expect(after != before && runs(after))

        let definitions = try String(contentsOfFile: folder + "/mq/definitions.json", encoding: .utf8)
        #expect(!definitions.contains("p w/ü"))
        #expect(mode(of: folder + "/mq/administrator-password") == 0o600)

        await server.stop()
        #expect(!runs(after))
        let mapper = try String(contentsOfFile: folder + "/mq/pid", encoding: .utf8).split(separator: " ").last
        #expect(mapper.flatMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) }.map(runs) == false)
        TemporaryDirectory.remove(folder)
    }
}
