import Broker
import Contracts
import NIOCore
import Testing

/// `GrammarFuzz` on the port of a running broker: it never falls, gives every mistake its reply code, and keeps nothing of a
/// connection that is gone.
@Suite(.timeLimit(.minutes(5))) struct GrammarFuzzTests {
    private static var sessions: UInt64 {
        #if DEBUG
            200
        #else
            800
        #endif
    }

    /// Runs a broker with the queue `q`, the exchange `x`, and a queue that belongs to somebody else, and in the end looks for
    /// what is left.
    ///
    /// - Parameter keepsQueues: false where a client may say anything, also that a queue is to be deleted.
    private func withTarget(keepsQueues: Bool = true, _ body: @Sendable @escaping (Int) async throws -> Void) async throws {
        try await withBroker {
            // As many as there are at a time, and few more: a connection that is not given back is missed soon.
            $0.limits.connections = 16
            $0.limits.consumersPerChannel = 40
            $0.limits.handshakeSeconds = 60
            $0.management = ManagementEndpoint(port: 0)
        } _: { address in
            let port = try #require(address.port)
            let owner = try await LiveClient.open(port)
            try await owner.declare("q")
            try await owner.declare("theirs", exclusive: true)
            await owner.send(ExchangeDeclare(exchange: "x", type: "topic"))
            try await owner.take(ExchangeDeclareOK.self)

            try await body(port)

            if keepsQueues {
                await owner.send(QueuePurge(queue: "q"))
                try await owner.take(QueuePurgeOK.self)
            }
            try await expectRest(HTTPProbe(port: try #require(address.managementPort)), keepsQueues)
            await owner.close()
        }
    }

    /// Only the owner is left, with its queues. Connections that were dropped go when the broker reads their end.
    private func expectRest(_ probe: HTTPProbe, _ keepsQueues: Bool) async throws {
        var expected = ["connections": 1, "channels": 1, "consumers": 0]
        if keepsQueues { expected["queues"] = 2 }
        var found: [String: Int] = [:]
        for _ in 0..<500 where found != expected {
            let totals = try await probe(.GET, "/api/overview").json["object_totals"]
            found = expected.reduce(into: [:]) { $0[$1.key] = totals?[$1.key]?.intValue }
            if found != expected { try await Task.sleep(for: .milliseconds(20)) }
        }
        #expect(found == expected)
        guard keepsQueues else { return }
        let queue = try await probe(.GET, "/api/queues/%2F/q").json
        for name in ["messages", "consumers", "messages_unacknowledged"] { #expect(queue[name]?.intValue == 0, "\(name)") }
    }

    private func inParallel(_ count: UInt64, _ body: @Sendable @escaping (UInt64) async throws -> Void) async throws {
        let lanes: UInt64 = 4
        try await withThrowingTaskGroup { group in
            for lane in 0..<lanes {
                group.addTask { for seed in stride(from: lane, to: count, by: Int(lanes)) { try await body(seed) } }
            }
            try await group.waitForAll()
        }
    }

    private static func open(_ port: Int) async throws -> LiveClient {
        let client = try await LiveClient.open(port)
        for number in 2...3 as ClosedRange<UInt16> {
            await client.send(ChannelOpen(), channel: number)
            try await client.take(ChannelOpenOK.self)
        }
        return client
    }

    /// The first close that comes, of the channel or the connection; whatever a working client gets is passed over.
    private static func close(_ client: LiveClient) async throws -> (GrammarFuzz.Answer?, text: String) {
        while let frame = try await client.next() {
            guard frame.method == .connectionClose || frame.method == .channelClose else { continue }
            let code = UInt16(frame.payload[4]) << 8 | UInt16(frame.payload[5])
            let text = String(decoding: frame.payload[7...].prefix(Int(frame.payload[6])), as: UTF8.self)
            return (frame.method == .connectionClose ? .connectionCloses([code]) : .channelCloses(code), text)
        }
        return (nil, "the connection ended without a word")
    }

    private static func isRight(_ answer: GrammarFuzz.Answer?, _ expected: GrammarFuzz.Answer) -> Bool {
        if case .connectionCloses(let codes) = expected, case .connectionCloses(let code) = answer { return codes.contains(code[0]) }
        return answer == expected
    }

    /// Fails when a mistake gets another code than its class of error has.
    @Test func mistakesGetTheirReplyCodes() async throws {
        try await withTarget { port in
            try await inParallel(Self.sessions) { seed in
                var fuzz = GrammarFuzz(seed: seed)
                let client = try await Self.open(port)
                let good = fuzz.goodSteps()
                let mistake = fuzz.mistake()
                for part in fuzz.parts(good + mistake.bytes) { await client.send(bytes: part) }
                let (answer, text) = try await Self.close(client)
                #expect(Self.isRight(answer, mistake.answer), "seed \(seed), \(mistake.name): \(String(describing: answer)) \(text)")
                if case .channelCloses = answer {
                    // The rest goes on, and the number is free again.
                    await client.send(ChannelCloseOK())
                    await client.send(ChannelOpen())
                    var frame = try await client.next()
                    while let other = frame, other.method != .channelOpenOK { frame = try await client.next() }
                    #expect(frame != nil, "seed \(seed), \(mistake.name)")
                }
                if seed.isMultiple(of: 3) { try await client.reset() } else { await client.close() }
            }
        }
    }

    @Test func mistakesBeforeTheLoginGetTheirReplyCodes() async throws {
        try await withTarget { port in
            try await inParallel(Self.sessions / 2) { seed in
                var fuzz = GrammarFuzz(seed: 100_000 + seed)
                let mistake = fuzz.earlyMistake()
                let client = try await LiveClient.connect(port)
                for part in fuzz.parts(mistake.bytes) { await client.send(bytes: part) }
                let (answer, text) = try await Self.close(client)
                #expect(Self.isRight(answer, mistake.answer), "seed \(seed), \(mistake.name): \(String(describing: answer)) \(text)")
                await client.close()
            }
        }
    }

    /// Whole sessions with changed bytes: whatever comes back, the broker stays.
    @Test func damagedSessionsLeaveNothingBehind() async throws {
        try await withTarget(keepsQueues: false) { port in
            try await inParallel(Self.sessions / 2) { seed in
                var fuzz = GrammarFuzz(seed: 200_000 + seed)
                let client = try await Self.open(port)
                var bytes = fuzz.goodSteps()
                fuzz.damage(&bytes)
                for part in fuzz.parts(bytes) { await client.send(bytes: part) }
                if seed.isMultiple(of: 2) { try await client.reset() } else { await client.close() }
            }
        }
    }
}
