import Broker
import Contracts
import Locking
import Logging
import NIOCore
import Testing

/// Clients that take what is not theirs, or go in the wrong way, on real sockets.
@Suite(.timeLimit(.minutes(5))) struct DefenceTests {
    private func port(_ address: BrokerAddress) throws -> Int { try #require(address.port) }

    /// That somebody else is served as ever.
    private func isServed(_ address: BrokerAddress) async throws {
        let client = try await LiveClient.open(port(address))
        try await client.declare("served", exclusive: true)
        await client.send(ConnectionClose(replyCode: 200), channel: 0)
        try await client.take(ConnectionCloseOK.self)
        await client.close()
    }

    // MARK: Before the login

    /// The older mechanism, which some clients still prefer: a field table without its length.
    @Test func amqplainLogsIn() async throws {
        func response(_ password: String) -> String { "\u{5}LOGINS\0\0\0\u{5}guest\u{8}PASSWORDS\0\0\0\u{5}\(password)" }
        try await withBroker { address in
            let client = try await LiveClient.connect(port(address))
            try await client.handshake(mechanism: "AMQPLAIN", response: response("guest"))
            await client.close()
            let other = try await LiveClient.connect(port(address))
            try await other.login(mechanism: "AMQPLAIN", response: response("guesS"))
            #expect(try await other.next()?.method != .connectionTune)
            await other.close()
        }
    }

    /// A few bytes now and then keep no socket open. Fails when the handshake has no limit (`tick` of a connection that is not
    /// open yet).
    @Test func aByteAtATimeIsCutOff() async throws {
        try await withBroker {
            $0.limits.handshakeSeconds = 10
        } _: { address in
            var handshake = ByteBuffer(bytes: LiveClient.protocolHeader)
            handshake.writeMethod(
                ConnectionStartOK(mechanism: "PLAIN", response: [UInt8](repeating: 1, count: 2_000), locale: "en_US"), channel: 0)
            let bytes = Array(handshake.readableBytesView)
            try await withThrowingTaskGroup { group in
                for _ in 0..<10 {
                    let client = try await LiveClient.connect(port(address))
                    group.addTask {
                        var sent = 0
                        while sent < bytes.count, client.channel.isActive {
                            await client.send(bytes: [bytes[sent]])
                            sent += 1
                            try await Task.sleep(for: .milliseconds(20))  // the client's pace
                        }
                        #expect(sent < bytes.count, "the whole handshake was taken")
                        try await client.waitForEnd()
                    }
                }
                try await isServed(address)
                try await group.waitForAll()
            }
        }
    }

    /// Silence at any step ends in the same way.
    @Test(arguments: 0..<3) func silenceIsCutOff(_ step: Int) async throws {
        try await withBroker {
            $0.limits.handshakeSeconds = 10
        } _: { address in
            let client = try await LiveClient.connect(port(address))
            if step == 1 { await client.send(bytes: LiveClient.protocolHeader) }
            if step == 2 {
                try await client.login()
                try await client.take(ConnectionTune.self)
            }
            #expect(try await client.waitForEnd().count == (step == 1 ? 1 : 0))
        }
    }

    /// The frame is refused by its first seven bytes; nobody waits for the rest, or keeps room for it. Fails when
    /// `preAuthenticationFrameBytes` is not applied.
    @Test(arguments: [8_193, 1 << 20, UInt32.max]) func largeFramesBeforeTheLoginAreRefused(_ size: UInt32) async throws {
        try await withBroker { address in
            let client = try await LiveClient.connect(port(address))
            await client.send(bytes: LiveClient.protocolHeader)
            try await client.take(ConnectionStart.self)
            await client.send(bytes: [1, 0, 0] + withUnsafeBytes(of: size.bigEndian) { Array($0) })
            #expect(try await client.take(ConnectionClose.self).replyCode == 501)
            await client.close()
        }
    }

    /// Who comes when all places are taken is sent away at once and not left waiting, the log says why, and a place that
    /// becomes free is given away again. Fails when `accept` does not look at the limit.
    @Test func connectionsBeyondTheLimitAreRefused() async throws {
        var configuration = BrokerConfiguration()
        configuration.port = 0
        configuration.limits.connections = 20
        let log = CapturedLines()
        let broker = Broker(configuration: configuration, logger: log.logger)
        let address = try await broker.start()
        var clients: [LiveClient] = []
        for _ in 0..<20 { clients.append(try await LiveClient.open(port(address))) }
        for _ in 0..<5 {
            let late = try await LiveClient.connect(port(address))
            await late.send(bytes: LiveClient.protocolHeader)
            // A reset would do as well: the broker has not read what was sent to it.
            #expect(try await late.waitForEnd().isEmpty)
        }
        #expect(log.contains("connection refused: there are 20 already"))
        try await clients[0].declare("still served")
        await clients[3].close()
        try await eventually { (try? await LiveClient.open(port(address))) != nil }
        await broker.shutdown()
    }

    // MARK: Connections that break

    /// The client has said all it will: the connection ends, and what was its own goes.
    @Test func halfClosedConnectionsEnd() async throws {
        try await withBroker { address in
            let client = try await LiveClient.open(port(address))
            try await client.declare("own", exclusive: true)
            await client.finishSending()
            try await client.waitForEnd()
            let other = try await LiveClient.open(port(address))
            await other.send(QueueDeclare(queue: "own", passive: true))
            #expect(try await other.take(ChannelClose.self).replyCode == 404)
            await other.close()
        }
    }

    /// A peer that is gone without a word: no byte comes, not even a heartbeat. Fails when `tick` does not look at them.
    @Test func halfOpenConnectionsEnd() async throws {
        try await withBroker { address in
            let client = try await LiveClient.open(port(address), heartbeat: 3)
            try await client.declare("own", exclusive: true)
            let frames = try await client.waitForEnd()
            #expect(frames.allSatisfy { $0.type == FrameType.heartbeat })
            try await isServed(address)
        }
    }

    /// What a consumer had when its connection was reset goes to the next one.
    @Test func resetsGiveMessagesBack() async throws {
        try await withBroker { address in
            let client = try await LiveClient.open(port(address))
            try await client.declare("q")
            for number in 0..<10 { await client.publish([UInt8(number)], to: "q") }
            await client.send(BasicConsume(queue: "q", consumerTag: "t"))
            try await client.take(BasicConsumeOK.self)
            for _ in 0..<10 {
                try await client.take(BasicDeliver.self)
                _ = try await client.next()
                _ = try await client.next()
            }
            try await client.reset()
            let other = try await LiveClient.open(port(address))
            await other.send(BasicConsume(queue: "q", consumerTag: "t"))
            try await other.take(BasicConsumeOK.self)
            for number in 0..<10 {
                #expect(try await other.take(BasicDeliver.self).redelivered)
                _ = try await other.next()
                #expect(try await other.next()?.payload == [UInt8(number)])
            }
            await other.close()
        }
    }

    /// Resets at every step of a connection's life leave no connection behind: the next ones find room. Fails when the place
    /// of a connection that was never opened is not given back.
    @Test func resetsLeaveNothingBehind() async throws {
        try await withBroker {
            $0.limits.connections = 30
        } _: { address in
            for round in 0..<12 {
                try await withThrowingTaskGroup { group in
                    for number in 0..<25 {
                        group.addTask {
                            let client = try await LiveClient.connect(port(address))
                            // May be refused while the broker has not noticed all resets of the round before.
                            try? await Self.begin(client, step: (round + number) % 5, queue: "own-\(round)-\(number)")
                            try await client.reset()
                        }
                    }
                    try await group.waitForAll()
                }
                // The broker has noticed when there is room for 25 more.
                try await eventually { (try? await LiveClient.open(port(address)).close()) != nil }
            }
            try await eventually {
                var all: [LiveClient] = []
                defer { for client in all { client.channel.close(promise: nil) } }
                for _ in 0..<30 {
                    guard let client = try? await LiveClient.open(port(address)) else { return false }
                    all.append(client)
                }
                return true
            }
        }
    }

    private static func begin(_ client: LiveClient, step: Int, queue: String) async throws {
        switch step {
        case 0: break
        case 1: await client.send(bytes: Array(LiveClient.protocolHeader.prefix(3)))
        case 2: try await client.login()
        case 3:
            try await client.handshake()
            // Half a message.
            await client.send(BasicPublish(exchange: "", routingKey: "q"))
            await client.send(bytes: [2, 0, 1, 0, 0])
        default:
            try await client.handshake()
            try await client.declare(queue, exclusive: true)
        }
    }

    // MARK: Clients that do not read

    /// Deliveries wait in their queue and not in a buffer for a consumer that does not read. Fails when `canDeliver` does not
    /// look at what waits to be sent.
    @Test func slowConsumersHoldNoMemory() async throws {
        let count = 500
        try await withBroker {
            $0.limits.outboundBytes = 64 << 10
            $0.management = ManagementEndpoint(port: 0)
        } _: { address in
            let probe = HTTPProbe(port: try #require(address.managementPort))
            let slow = try await LiveClient.open(port(address))
            try await slow.declare("q")
            await slow.send(BasicConsume(queue: "q", consumerTag: "t", noAck: true))
            try await slow.take(BasicConsumeOK.self)
            try await slow.stopReading()
            let publisher = try await LiveClient.open(port(address))
            let body = [UInt8](repeating: 7, count: 64 << 10)
            for _ in 0..<count { await publisher.publish(body, to: "q") }
            // The answer comes behind all of them. The rest is in the buffers of the two sockets, which the system bounds.
            let ready = try await publisher.declare("q").messageCount
            #expect(ready > 100, "\(ready) of \(count) messages wait in the queue")
            let connections = try await probe(.GET, "/api/connections").json
            let pending = try #require(connections.arrayValue).compactMap { $0["send_pend"]?.intValue }
            #expect(pending.count == 2 && pending.allSatisfy { $0 <= 256 << 10 }, "\(pending)")
            // Nothing is lost by it.
            try await slow.startReading()
            for _ in 0..<count {
                try await slow.take(BasicDeliver.self)
                _ = try await slow.next()
                #expect(try await slow.next()?.payload.count == body.count)
            }
            await slow.close()
            await publisher.close()
        }
    }

    /// Answers have no queue to wait in: who asks on and on and does not read is not read either. Fails when
    /// `holdInputOfSlowReader` does not look at what waits.
    @Test func whoAsksAndDoesNotReadIsNotRead() async throws {
        try await withBroker {
            $0.limits.outboundBytes = 64 << 10
            $0.management = ManagementEndpoint(port: 0)
        } _: { address in
            let probe = HTTPProbe(port: try #require(address.managementPort))
            let client = try await LiveClient.open(port(address))
            let name = String(repeating: "long ", count: 40)
            try await client.declare(name)
            try await client.stopReading()
            var questions = ByteBuffer()
            for _ in 0..<1_000 { questions.writeMethod(QueueDeclare(queue: name, passive: true), channel: 1) }
            // 100 MB, of which the broker takes what it has room to answer; the rest stays with the client.
            for _ in 0..<450 { client.channel.writeAndFlush(questions, promise: nil) }
            // How much the sockets take is the system's affair; what is left stays as it is when the broker reads no more.
            var (pending, unchanged) = (0, 0)
            try await eventually {
                let connection = try await probe(.GET, "/api/connections").json.arrayValue?.first
                let now = connection?["send_pend"]?.intValue ?? 0
                unchanged = now == pending && now > 0 && connection?["state"]?.stringValue == "flow" ? unchanged + 1 : 0
                pending = now
                return unchanged == 10
            }
            #expect(pending < 2 << 20, "\(pending) bytes wait for a client that does not read")
            try await isServed(address)
            await client.close()
        }
    }

    /// Tries again until it is so: for what the other side of a socket notices in its own time.
    private func eventually(_ isSo: () async throws -> Bool) async throws {
        for _ in 0..<1_000 {
            if try await isSo() { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("it has not come to pass in 20 seconds")
    }
}

/// Keeps what is logged.
private final class CapturedLines: Sendable {
    private let lines = Locked<[String]>([])

    func add(_ line: String) { lines.withLock { $0.append(line) } }
    func contains(_ text: String) -> Bool { lines.withLock { $0.contains { $0.contains(text) } } }

    var logger: Logger { Logger(label: "broker") { _ in CapturedLog(lines: self) } }
}

private struct CapturedLog: LogHandler {
    let lines: CapturedLines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { lines.add("\(event.message)") }
}
