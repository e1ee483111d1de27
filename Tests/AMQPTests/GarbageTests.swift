import AMQP
import Locking
import Testing

/// A broker that breaks the protocol in every way must neither crash the process nor hang a caller.
@Suite(.timeLimit(.minutes(4))) struct GarbageTests {
    private func quick(_ configuration: inout AMQPConfiguration) {
        configuration.connectTimeout = .seconds(1)
        configuration.operationTimeout = .seconds(1)
        configuration.confirmTimeout = .seconds(1)
        configuration.reconnect = .init(initial: .milliseconds(1), maximum: .milliseconds(20))
    }

    /// Uses a client against a broker: everything fails, in time, and it closes in time.
    private func expectFailure(_ broker: FakeBroker) async throws {
        let clock = ContinuousClock()
        let began = clock.now
        try await withClient(url: broker.url, configure: quick) { client, queue in
            async let outcome = client.publisher().publish(message(queue, 1))
            async let batch: [Delivery]? = client.consumer(queue: queue).nextBatch(max: 1)
            await #expect(throws: AMQPError.self) { try await client.declare(AMQPTopology(queues: [.init(name: queue)])) }
            #expect(await outcome.error != nil)
            await client.close()
            let taken = try await batch
            #expect(taken == nil)
        }
        #expect(clock.now - began < .seconds(40))
        withExtendedLifetime(broker) {}
    }

    static let greetings: [[UInt8]] = [
        [], Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), Array("AMQP".utf8) + [0, 0, 9, 0], [UInt8](repeating: 0, count: 4096),
        [UInt8](repeating: 0xff, count: 4096), [1, 0, 0, 0xff, 0xff, 0xff, 0xff], FakeConnection.frame(1, 0, []),
        FakeConnection.frame(1, 0, [0, 10, 0, 10]),
        FakeConnection.frame(9, 0, [0]), FakeConnection.frame(1, 0, [0, 10, 0, 10, 0, 9, 0, 0, 0, 200, 1, 2]),
        FakeConnection.frame(2, 0, [0, 60, 0, 0]),
        FakeConnection.frame(1, 0, [0, 10, 0, 50, 1, 64, 250]),
    ]

    @Test(arguments: greetings.indices) func greets(_ index: Int) async throws {
        try await expectFailure(FakeBroker { $0.write(Self.greetings[index]) })
    }

    @Test func saysNothing() async throws { try await expectFailure(FakeBroker { $0.ignore() }) }

    @Test func saysNothingAfterTheHandshake() async throws {
        try await expectFailure(FakeBroker { if $0.handshake() { $0.ignore() } })
    }

    static let afterOpen: [[UInt8]] = [
        FakeConnection.frame(1, 77, [0, 20, 0, 11, 0, 0, 0, 0]), FakeConnection.frame(3, 1, [1, 2, 3]),
        FakeConnection.frame(1, 1, [0, 60, 0, 80]),
        FakeConnection.frame(2, 1, [0, 60, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0]),
        FakeConnection.frame(1, 1, [0, 99, 0, 99]),
        FakeConnection.frame(1, 0, [0, 10, 0, 51]), FakeConnection.frame(1, 0, [0, 10, 0, 50, 1, 64, 1, 0x78, 0, 0, 0, 0]),
        FakeConnection.frame(1, 1, [0, 60, 0, 60, 1, 0x63, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0])
            + FakeConnection.frame(2, 1, [0, 60, 0, 0, 0, 0, 0, 0, 0xff, 0, 0, 0, 0, 0]),
        FakeConnection.frame(1, 1, [0, 60, 0, 71, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
        FakeConnection.frame(1, 1, [0, 60, 0, 50, 1, 0x38, 1, 0x78, 0, 0]),
        FakeConnection.frame(1, 1, [0, 60, 0, 80, 0, 0, 0, 0, 0, 0, 0, 9, 0]), FakeConnection.frame(1, 1, [0, 50, 0, 11, 255]),
        [0xce, 0xce, 0xce, 0xce, 0xce, 0xce, 0xce, 0xce],
        FakeConnection.frame(1, 1, [0, 20, 0, 40, 1, 148, 1, 0x78, 0, 0, 0, 0]),
    ]

    @Test(arguments: afterOpen.indices) func sends(_ index: Int) async throws {
        try await expectFailure(
            FakeBroker { connection in
                guard connection.handshake() else { return }
                connection.serve { frame in
                    guard frame.method == 0x0032_000a || frame.method == 0x003c_0014 || frame.method == 0x003c_0028 else { return false }
                    return !connection.write(Self.afterOpen[index])
                }
            })
    }

    /// librabbitmq passes over frames of a type that it does not know, so what comes after one is still understood.
    @Test func sendsFramesOfAnUnknownType() async throws {
        let broker = try FakeBroker { connection in
            guard connection.handshake() else { return }
            connection.serve { _ in !connection.write(FakeConnection.frame(7, 0, [1])) }
        }
        try await withClient(
            url: broker.url,
            configure: {
                quick(&$0)
                // Nothing has to run out of time here.
                $0.connectTimeout = .seconds(10)
                $0.operationTimeout = .seconds(10)
            }
        ) { client, queue in
            try await client.declare(AMQPTopology(queues: [.init(name: queue)]))
        }
        withExtendedLifetime(broker) {}
    }

    /// Random bytes and bit flips after a good handshake. A flipped length makes the client wait for bytes that never come,
    /// until heartbeats tell it that the peer is gone: hence the short heartbeat.
    @Test func sendsNoise() async throws {
        let broker = try FakeBroker { connection in
            guard connection.handshake() else { return }
            // Noise may say "blocked", upon which a client rightly waits as long as the connection stands.
            connection.limitReads(milliseconds: 200)
            // Other noise in each run: a crash here says more than the same numbers once more.
            var generator = SeededGenerator(seed: UInt64(connection.descriptor) &* 7919 &+ UInt64.random(in: 0..<1000))
            connection.serve { frame in
                guard frame.type == 1, Bool.random(using: &generator) else { return false }
                var bytes = Self.afterOpen.randomElement(using: &generator) ?? []
                for _ in 0..<Int.random(in: 0...6, using: &generator) where !bytes.isEmpty {
                    bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
                }
                return !connection.write(bytes)
            }
        }
        try await withClient(
            url: broker.url,
            configure: {
                quick(&$0)
                $0.heartbeat = 1
                $0.operationTimeout = .milliseconds(50)
                $0.confirmTimeout = .milliseconds(50)
            }
        ) { client, queue in
            let publisher = client.publisher()
            for n in 0..<20 { _ = await publisher.publish(message(queue, n)) }
        }
        withExtendedLifetime(broker) {}
    }

    /// Tables nested thousands deep: legal on the wire, and recursion in the library that decodes them.
    @Test func nestsTables() async throws {
        let broker = try FakeBroker { connection in
            guard connection.handshake() else { return }
            var table: [UInt8] = []
            var size = 0
            while size < 120_000 {
                size += 6
                table += [0, 0x46] + FakeConnection.bytes(UInt32(120_000 - size))
            }
            let properties = FakeConnection.bytes(UInt32(table.count)) + table
            connection.serve { frame in
                guard frame.method == 0x003c_0014 else { return false }
                connection.method(frame.channel, 0x003c_0015, [1, 0x63])
                connection.method(frame.channel, 0x003c_003c, [1, 0x63, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0])
                connection.write(FakeConnection.frame(2, frame.channel, [0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x20, 0] + properties))
                return false
            }
        }
        try await withClient(url: broker.url, configure: quick) { client, queue in
            let consumer = client.consumer(queue: queue)
            // Either it is taken with the depths cut off, or the connection is given up; both are fine.
            let task = Task { try await consumer.nextBatch(max: 1) }
            try await Task.sleep(for: .milliseconds(300))
            task.cancel()
            _ = await task.result
        }
        withExtendedLifetime(broker) {}
    }

    /// Fails when sends may wait for the socket (`room` in ConnectionDriver): the thread hangs in the library and takes no more
    /// commands, so that the second publisher's cancellation is never heard.
    @Test func readsNothing() async throws {
        let isFull = Locked(false)
        let broker = try FakeBroker { connection in
            guard connection.handshake() else { return }
            connection.serve { $0.method == 0x003c_0028 }
            // The first of a hundred megabytes has come, and nothing more is read.
            isFull.withLock { $0 = true }
            connection.ignore()
        }
        let clock = ContinuousClock()
        try await withClient(url: broker.url, configure: quick) { client, queue in
            let publisher = client.publisher()
            let large = publisher.submit((0..<100).map { message(queue, $0, size: 1 << 20) })
            while !isFull.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
            let other = client.publisher()
            let small = other.submit([message(queue, 1)])
            small.cancel()
            let heard = await within(.seconds(30)) { await small.outcomes }
            #expect(heard?.first?.error?.code == .cancelled, "the thread hears no commands any more")
            // Cancelled while the socket is full: what was not sent is given up at once.
            large.cancel()
            let began = clock.now
            await client.close()
            #expect(clock.now - began < .seconds(20))
            let outcomes = await within(.seconds(30)) { await large.outcomes }
            #expect(outcomes?.allSatisfy { $0.error != nil } == true)
        }
        withExtendedLifetime(broker) {}
    }

    /// Fails when confirms are waited for without bound (PublishChannel.tick).
    @Test func neverConfirms() async throws {
        let broker = try FakeBroker { connection in
            guard connection.handshake() else { return }
            connection.serve()
        }
        try await withClient(
            url: broker.url,
            configure: {
                quick(&$0)
                $0.confirmTimeout = .milliseconds(300)
            }
        ) { client, queue in
            let publisher = client.publisher()
            let outcomes = await within(.seconds(30)) { await publisher.publish([message(queue, 1), message(queue, 2)]) }
            #expect(outcomes?.allSatisfy { $0.error?.isConnectionFailure == true } == true)
        }
        withExtendedLifetime(broker) {}
    }
}
