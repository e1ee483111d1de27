import Broker
import NIOCore
import Testing

@Suite struct HandshakeTests {
    @Test func opens() throws {
        let client = try MachineHarness().open()
        #expect(client.machine?.phase == .running)
        #expect(client.machine?.user?.name == "guest")
    }

    @Test(arguments: [
        Array("GET / HTTP/1.1".utf8), Array("AMQP".utf8) + [0, 1, 0, 0], Array("AMQP".utf8) + [1, 1, 8, 0], [0x16, 3, 1],
    ])
    func anotherProtocolIsToldWhichOneIsSpoken(_ bytes: [UInt8]) throws {
        let client = try MachineHarness().connect()
        client.send(bytes: bytes)
        #expect(Array(client.received.readableBytesView) == Array("AMQP".utf8) + [0, 0, 9, 1])
        #expect(client.isFinished)
    }

    @Test func serverProperties() throws {
        let client = try MachineHarness { $0.product = "Named" }.connect()
        client.send(bytes: Array("AMQP".utf8) + [0, 0, 9, 1])
        let start = try client.take(ConnectionStart.self)
        #expect(start.serverProperties["product"]?.text == "Named")
        guard case .table(let capabilities)? = start.serverProperties["capabilities"] else { throw Missing() }
        for name in ["publisher_confirms", "basic.nack", "consumer_cancel_notify", "connection.blocked", "direct_reply_to"] {
            #expect(capabilities[name] == .bool(true))
        }
        #expect(start.mechanisms == Array("PLAIN AMQPLAIN EXTERNAL".utf8))
    }

    @Test(
        arguments: [
            (4_095, 100, "negotiated frame_max = 4095 is lower than the minimum allowed value (4096)"),
            (0, 100, "negotiated frame_max = 0 is higher than the maximum allowed value (131072)"),
            (131_073, 100, "negotiated frame_max = 131073 is higher than the maximum allowed value (131072)"),
            (131_072, 2_048, "negotiated channel_max = 2048 is higher than the maximum allowed value (2047)"),
            (131_072, 0, "negotiated channel_max = 0 (no limit) is higher than the maximum allowed value (2047)"),
        ] as [(UInt32, UInt16, String)])
    func tuning(_ frameMax: UInt32, _ channelMax: UInt16, _ text: String) throws {
        let client = try MachineHarness().connect()
        client.send(bytes: Array("AMQP".utf8) + [0, 0, 9, 1])
        client.send(ConnectionStartOK(mechanism: "EXTERNAL"), channel: 0)
        _ = try client.take(ConnectionStart.self)
        _ = try client.take(ConnectionTune.self)
        client.send(ConnectionTuneOK(channelMax: channelMax, frameMax: frameMax), channel: 0)
        let close = try client.take(ConnectionClose.self)
        #expect(close.replyCode == 530)
        #expect(close.replyText == "NOT_ALLOWED - \(text)")
        #expect(MethodID(classID: close.classID, methodID: close.methodID) == .connectionTuneOK)
    }

    /// Sends the whole handshake without waiting for answers, and gives the last frame that came back.
    private func lastAnswer(_ client: MachineClient, host: String = "/", closes: Bool = true) throws -> MachineClient.Frame? {
        client.send(bytes: Array("AMQP".utf8) + [0, 0, 9, 1])
        let capabilities: FieldTable = ["authentication_failure_close": .bool(closes)]
        client.send(
            ConnectionStartOK(clientProperties: ["capabilities": .table(capabilities)], mechanism: "EXTERNAL"), channel: 0)
        client.send(ConnectionTuneOK(channelMax: 1, frameMax: 4_096), channel: 0)
        client.send(ConnectionOpen(virtualHost: host), channel: 0)
        return try client.takeAll().last
    }

    @Test(arguments: [
        ("guest", "nowhere", "NOT_ALLOWED - vhost nowhere not found"),
        ("other", "/", "NOT_ALLOWED - access to vhost '/' refused for user 'other'"),
        (
            "nobody", "/",
            "ACCESS_REFUSED - Login was refused using authentication mechanism EXTERNAL. For details see the broker logfile."
        ),
    ])
    func refusals(_ user: String, _ host: String, _ text: String) throws {
        let client = try MachineHarness().connect(user: user)
        let last = try #require(try lastAnswer(client, host: host))
        #expect(last.method == .connectionClose)
        #expect(String(decoding: last.payload, as: UTF8.self).contains(text))
        #expect(client.machine?.phase == .closing)
    }

    /// Clients that do not know the notice take a socket that closes for a refusal.
    @Test func refusalsWithoutANotice() throws {
        let client = try MachineHarness().connect(user: "nobody")
        #expect(try lastAnswer(client, closes: false)?.method == .connectionStart)
        #expect(client.isFinished)
    }

    @Test func unknownMechanism() throws {
        let client = try MachineHarness().connect()
        client.send(bytes: Array("AMQP".utf8) + [0, 0, 9, 1])
        client.send(ConnectionStartOK(mechanism: "GSSAPI"), channel: 0)
        _ = try client.take(ConnectionStart.self)
        #expect(try client.take(ConnectionClose.self).replyCode == 503)
    }

    /// Fails when the limit before the login is not applied.
    @Test func framesAreSmallBeforeTheLogin() throws {
        let client = try MachineHarness().connect()
        client.send(bytes: Array("AMQP".utf8) + [0, 0, 9, 1])
        _ = try client.take(ConnectionStart.self)
        client.send(bytes: [1, 0, 0, 0, 0, 0x20, 1])
        #expect(try client.take(ConnectionClose.self).replyCode == 501)
    }

    @Test func slowHandshakesEnd() throws {
        let harness = try MachineHarness()
        let client = harness.connect()
        client.send(bytes: Array("AMQP".utf8))
        harness.advance(milliseconds: 9_500)
        #expect(!client.isClosed)
        harness.advance(milliseconds: 1_000)
        #expect(client.isClosed)
    }

    @Test func connectionsAreLimited() throws {
        let harness = try MachineHarness { $0.limits.connections = 2 }
        let clients = (0..<3).map { _ in harness.connect() }
        #expect(clients.map { $0.machine != nil } == [true, true, false])
        clients[0].close()
        #expect(harness.connect().machine != nil)
    }

    struct Missing: Error {}
}
