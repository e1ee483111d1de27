import Broker
import Logging
import NIOCore
import NIOSSL
import Servers
import TestSupport
import Testing

/// The listener with TLS, and logins by client certificates. A broker that takes any certificate passes no test of it.
@Suite(.enabled("openssl is not installed") { await TestCertificates.canBeMade() }, .timeLimit(.minutes(4)))
struct TLSListenerTests {
    /// Runs a broker whose only user is `shop`, with the listener that is asked for.
    private func withListener(
        _ asks: BrokerTLS.ClientCertificates, isExclusive: Bool = true, _ configure: (inout BrokerConfiguration) -> Void = { _ in },
        _ body: (Certificates, BrokerAddress) async throws -> Void
    ) async throws {
        let certificates = try await Certificates.make()
        defer { certificates.remove() }
        try await withBroker {
            $0.defaultUser = "shop"
            $0.defaultPassword = "secret"
            $0.tls = BrokerTLS(
                port: 0, certificateChainFile: certificates.path("server.pem"), privateKeyFile: certificates.path("server.key"),
                clientAuthoritiesFile: certificates.path("ca.pem"), clientCertificates: asks, isExclusive: isExclusive)
            configure(&$0)
        } _: {
            try await body(certificates, $0)
        }
    }

    private func port(_ address: BrokerAddress) throws -> Int { try #require(address.tlsPort) }

    /// That the login works, and messages of more than one TLS record pass.
    private func exchangesMessages(_ client: LiveClient) async throws {
        try await client.declare("tls")
        let body = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        await client.publish(body, to: "tls")
        await client.send(BasicGet(queue: "tls", noAck: true))
        try await client.take(BasicGetOK.self)
        _ = try await client.next()
        #expect(try await client.next()?.payload == body)
    }

    @Test func passwordsWorkOverTLS() async throws {
        try await withListener(.none) { certificates, address in
            #expect(address.port == nil && address.url.hasPrefix("amqps://"))
            let client = try await LiveClient.connect(port(address), tls: certificates.client())
            try await client.handshake(response: "\0shop\0secret")
            try await exchangesMessages(client)
            await client.close()
            // Whoever trusts somebody else does not talk to this broker.
            let stranger = try await LiveClient.connect(port(address), tls: certificates.client(trusts: "stranger"))
            await stranger.send(bytes: LiveClient.protocolHeader)
            #expect(try await stranger.next() == nil)
        }
    }

    /// The certificate's common name is the user; it needs no password.
    @Test func certificatesLogIn() async throws {
        try await withListener(.required) { certificates, address in
            let client = try await LiveClient.connect(port(address), tls: certificates.client("shop"))
            try await client.handshake(mechanism: "EXTERNAL", response: "")
            try await exchangesMessages(client)
            await client.close()
        }
    }

    /// What the certificate says counts, not what the client says.
    @Test func aCertificateOfNobodyIsRefused() async throws {
        try await withListener(.required) { certificates, address in
            let client = try await LiveClient.connect(port(address), tls: certificates.client("nobody"))
            try await client.login(mechanism: "EXTERNAL", response: "shop")
            let close = try await client.take(ConnectionClose.self)
            #expect(close.replyCode == 403)
            #expect(close.replyText.hasPrefix("ACCESS_REFUSED - Login was refused using authentication mechanism EXTERNAL."))
            await client.close()
        }
    }

    /// Fails when the certificate is not checked (`certificateVerification` taken out of `TLSListening`): the forged one names
    /// a user that exists.
    @Test(arguments: [nil, "forged", "expired"] as [String?])
    func othersAreTurnedAwayInTheHandshake(_ name: String?) async throws {
        try await withListener(.required) { certificates, address in
            let client = try await LiveClient.connect(port(address), tls: certificates.client(name))
            await client.send(bytes: LiveClient.protocolHeader)
            #expect(try await client.next() == nil)
            // And the listener goes on.
            let other = try await LiveClient.connect(port(address), tls: certificates.client("shop"))
            try await other.handshake(mechanism: "EXTERNAL", response: "")
            await other.close()
        }
    }

    /// With `optional`, who has no certificate logs in by password, and is not offered EXTERNAL. Fails when EXTERNAL is taken
    /// from whom has none (`where external` in `Credentials`).
    @Test func certificatesMayBeOptional() async throws {
        try await withListener(.optional) { certificates, address in
            let client = try await LiveClient.connect(port(address), tls: certificates.client())
            await client.send(bytes: LiveClient.protocolHeader)
            #expect(try await client.take(ConnectionStart.self).mechanisms == Array("PLAIN AMQPLAIN".utf8))
            await client.send(ConnectionStartOK(mechanism: "EXTERNAL", response: Array("shop".utf8), locale: "en_US"), channel: 0)
            #expect(try await client.take(ConnectionClose.self).replyCode == 503)
            await client.close()

            let second = try await LiveClient.connect(port(address), tls: certificates.client("shop"))
            await second.send(bytes: LiveClient.protocolHeader)
            #expect(try await second.take(ConnectionStart.self).mechanisms == Array("PLAIN AMQPLAIN EXTERNAL".utf8))
            await second.close()

            let forged = try await LiveClient.connect(port(address), tls: certificates.client("forged"))
            await forged.send(bytes: LiveClient.protocolHeader)
            #expect(try await forged.next() == nil)
        }
    }

    /// Somebody who forgets TLS is cut off, and so is one who never finishes its handshake.
    @Test func plainAndSlowClientsAreCutOff() async throws {
        try await withListener(.none, isExclusive: false) {
            $0.limits.handshakeSeconds = 1
        } _: { certificates, address in
            #expect(address.port != nil)
            let plain = try await LiveClient.connect(port(address))
            await plain.send(bytes: LiveClient.protocolHeader)
            await #expect(throws: (any Error).self) { try await plain.take(ConnectionStart.self) }
            await plain.close()

            let silent = try await LiveClient.connect(port(address))
            // The first bytes of a ClientHello.
            await silent.send(bytes: [0x16, 3, 1, 0, 200, 1])
            #expect(try await silent.next() == nil)

            let idle = try await LiveClient.connect(port(address), tls: certificates.client())
            #expect(try await idle.next() == nil)
        }
    }

    /// Without authorities of its own the broker would trust those of the system, and anybody with a certificate from one of
    /// them could log in under any name. Fails when `BrokerConfiguration.validate` does not ask for them.
    @Test(arguments: [BrokerTLS.ClientCertificates.optional, .required])
    func authoritiesMustBeNamed(_ asks: BrokerTLS.ClientCertificates) throws {
        var configuration = BrokerConfiguration()
        configuration.tls = BrokerTLS(certificateChainFile: "c.pem", privateKeyFile: "k.pem", clientCertificates: asks)
        #expect(throws: BrokerConfigurationError.self) { try configuration.validate() }
        configuration.tls?.clientAuthoritiesFile = "a.pem"
        #expect(throws: Never.self) { try configuration.validate() }
    }

    /// A file that is missing, a key of somebody else: the error names them and says nothing of ports.
    @Test(arguments: [
        ("missing.pem", "server.key"), ("server.pem", "missing.key"), ("server.pem", "server.pem"), ("server.pem", "shop.key"),
    ])
    func uselessCertificatesAreSaid(_ chain: String, _ key: String) async throws {
        let certificates = try await Certificates.make()
        defer { certificates.remove() }
        var configuration = BrokerConfiguration()
        configuration.port = 0
        configuration.tls = BrokerTLS(port: 0, certificateChainFile: certificates.path(chain), privateKeyFile: certificates.path(key))
        let broker = Broker(configuration: configuration, logger: Logger(label: "broker") { _ in SwiftLogNoOpLogHandler() })
        let error = await #expect(throws: BrokerError.self) { _ = try await broker.start() }
        #expect(error?.code == .configuration)
        #expect(error?.message.contains(certificates.path(chain)) == true)
    }
}
