import AMQP
import Servers
import TestSupport
import Testing

/// That the peer is really verified: a client that accepts everything passes no test of this suite.
@Suite(.serialized, .timeLimit(.minutes(5))) struct TLSTests {
    /// Fails when the certificate is not checked against the authorities, and when its name is not checked against the host
    /// (each taken out by itself in RabbitHandle.prepare).
    @Test func verifiesThePeer() async throws {
        let files = try TestCertificates()
        for authority in ["ca", "other"] { try await files.makeOwn(authority) }
        try await files.make("server", commonName: "localhost", names: "DNS:localhost", by: "ca")
        try files.share()
        let port = try FreePort.next()
        let node = try await PrivateRabbitMQ.temporary(settings: [
            "listeners.ssl.1": "127.0.0.1:\(port)", "ssl_options.cacertfile": files.path("ca.pem"),
            "ssl_options.certfile": files.path("server.pem"),
            "ssl_options.keyfile": files.path("server.key"), "ssl_options.verify": "verify_none",
            "ssl_options.fail_if_no_peer_cert": "false",
        ])
        var configuration = try AMQPConfiguration(url: await node.url())
        let plainPort = configuration.port
        configuration.port = port
        configuration.connectTimeout = .seconds(15)

        func attempt(host: String, port: Int = port, _ tls: AMQPConfiguration.TLS?) async -> AMQPError? {
            var attempt = configuration
            attempt.host = host
            attempt.port = port
            attempt.tls = tls
            attempt.operationTimeout = .seconds(20)
            let client = AMQPClient(configuration: attempt, logger: quietLogger())
            defer { Task { await client.close() } }
            do throws(AMQPError) {
                _ = try await client.queueInfo("none")
                return nil
            } catch { return error }
        }

        #expect(await attempt(host: "localhost", .init(caCertificateFile: files.path("ca.pem"))) == nil)
        #expect(await attempt(host: "localhost", .init(caCertificateFile: files.path("ca.pem"), serverName: "localhost")) == nil)
        #expect(await attempt(host: "localhost", .init(caCertificateFile: files.path("other.pem")))?.code == .tls)
        #expect(await attempt(host: "localhost", .init())?.code == .tls)
        #expect(await attempt(host: "127.0.0.1", .init(caCertificateFile: files.path("ca.pem")))?.code == .tls)
        #expect(await attempt(host: "127.0.0.1", .init(caCertificateFile: files.path("ca.pem"), verifyHostname: false)) == nil)
        #expect(await attempt(host: "127.0.0.1", .init(verifyPeer: false, verifyHostname: false)) == nil)
        #expect(await attempt(host: "localhost", .init(caCertificateFile: files.path("missing.pem")))?.code == .tls)
        #expect(
            await attempt(host: "localhost", .init(caCertificateFile: files.path("ca.pem"), certificateFile: files.path("server.pem")))?
                .code == .tls)
        #expect(await attempt(host: "localhost", .init(caCertificateFile: files.path("ca.pem"), serverName: "elsewhere"))?.code == .usage)
        #expect(await attempt(host: "127.0.0.1", port: plainPort, .init(verifyPeer: false, verifyHostname: false))?.code == .tls)
        #expect(await attempt(host: "127.0.0.1", nil)?.isConnectionFailure == true)

        // Messages larger than a TLS record, both ways.
        configuration.host = "localhost"
        configuration.tls = .init(caCertificateFile: files.path("ca.pem"))
        let client = AMQPClient(configuration: configuration, logger: quietLogger())
        try await client.declare(AMQPTopology(queues: [.init(name: "tls")]))
        let outcomes = await client.publisher().publish((0..<200).map { message("tls", $0, size: $0 * 3000) })
        #expect(outcomes.allSatisfy { $0.isConfirmed })
        let taken = try await client.consumer(queue: "tls", prefetch: 50).take(200)
        #expect(taken.map(\.number) == Array(0..<200))
        #expect(taken[199].body.count == 199 * 3000 + 3)
        await client.close()
        await node.remove()
    }
}
