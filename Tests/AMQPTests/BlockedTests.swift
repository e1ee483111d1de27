import AMQP
import Locking
import Testing

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// A broker that says `connection.blocked`, and means it.
@Suite(.timeLimit(.minutes(3))) struct BlockedTests {
    private static let publish: UInt32 = 0x003c_0028
    private static let queueDeclare: UInt32 = 0x0032_000a
    private static let channelOpen: UInt32 = 0x0014_000a

    private static func blocked() -> [UInt8] { FakeConnection.frame(1, 0, [0, 10, 0, 60, 6] + Array("memory".utf8)) }
    private static func unblocked() -> [UInt8] { FakeConnection.frame(1, 0, [0, 10, 0, 61]) }

    /// Confirms all messages up to `tag`.
    private static func ack(_ channel: UInt16, through tag: UInt8) -> [UInt8] {
        FakeConnection.frame(1, channel, [0, 60, 0, 80, 0, 0, 0, 0, 0, 0, 0, tag, 1])
    }

    /// The second message of a batch could go, since the first is confirmed; a channel that is opened later comes behind it, if it
    /// goes. Fails when PublishChannel.writeContent does not ask whether the broker is blocked.
    @Test func nothingIsSentToABrokerThatIsBlocked() async throws {
        let early = Locked(false)
        let broker = try FakeBroker { connection in
            guard connection.handshake() else { return }
            var published: UInt8 = 0
            var isBlocked = false
            var first: UInt16?
            connection.serve { frame in
                if frame.method == Self.publish {
                    published += 1
                    if isBlocked { early.withLock { $0 = true } }
                    let confirm = Self.ack(frame.channel, through: published)
                    if first == nil {
                        first = frame.channel
                        isBlocked = true
                        connection.write(Self.blocked() + confirm)
                    } else {
                        connection.write(confirm)
                    }
                } else if frame.method == Self.channelOpen, isBlocked {
                    isBlocked = false
                    connection.write(Self.unblocked())
                }
                return false
            }
        }
        try await withClient(url: broker.url) { client, queue in
            let publisher = client.publisher(window: 1)
            let batch = publisher.submit([message(queue, 1), message(queue, 2)])
            await client.reaches(isBlocked)
            let later = client.publisher()
            let outcomes = await within(.seconds(30)) { await batch.outcomes }
            #expect(outcomes?.map(\.isConfirmed) == [true, true])
            #expect(!early.withLock { $0 }, "the second message was sent while the broker was blocked")
            withExtendedLifetime(later) {}
        }
        withExtendedLifetime(broker) {}
    }

    /// The broker is blocked for more than twice as long as a confirm may take, and answers when it has got the next message, which
    /// it gets only from a connection that was not given up. Fails when the time does not begin anew (PublishChannel.unblocked).
    @Test func theTimeForAConfirmBeginsWhenItIsUnblocked() async throws {
        let limit = Duration.seconds(5)
        let broker = try FakeBroker { connection in
            guard connection.handshake() else { return }
            var published: UInt8 = 0
            connection.serve { frame in
                guard frame.method == Self.publish else { return false }
                published += 1
                if published == 1 {
                    connection.write(Self.blocked())
                    // Time itself is what is tested.
                    usleep(11_000_000)
                    connection.write(Self.unblocked())
                } else {
                    connection.write(Self.ack(frame.channel, through: published))
                }
                return false
            }
        }
        try await withClient(url: broker.url, configure: { $0.confirmTimeout = limit }) { client, queue in
            let publisher = client.publisher()
            let first = publisher.submit([message(queue, 1)])
            await client.reaches(isBlocked)
            let second = publisher.submit([message(queue, 2)])
            let outcomes = await within(.seconds(60)) { await [first.outcomes, second.outcomes].flatMap { $0 } }
            #expect(outcomes?.map(\.isConfirmed) == [true, true], "\(String(describing: outcomes))")
        }
        withExtendedLifetime(broker) {}
    }

    /// After a reconnect the broker is blocked for a moment, before what was declared is there again. Fails when that counts as a
    /// connection that stands (ConnectionDriver.tellState): whoever waits for it would find no queue.
    @Test func itIsNotConnectedBeforeEverythingIsDeclaredAgain() async throws {
        let connections = Locked(0)
        let broker = try FakeBroker { connection in
            guard connection.handshake() else { return }
            let number = connections.withLock { count in
                count += 1
                return count
            }
            var declarations = 0
            connection.serve { frame in
                guard frame.method == Self.queueDeclare else { return false }
                declarations += 1
                if number == 2, declarations == 1 { connection.write(Self.blocked() + Self.unblocked()) }
                return number == 1 && declarations == 2
            }
        }
        try await withClient(url: broker.url) { client, queue in
            try await client.declare(AMQPTopology(queues: [.init(name: queue)]))
            let states = client.states
            // The first connection ends with this question, the second one answers it.
            _ = try await client.queueInfo(queue)
            var seen: [ConnectionState] = []
            for await state in states {
                seen.append(state)
                if isConnected(state), seen.contains(where: isDisconnected) { break }
            }
            #expect(!seen.contains(where: isBlocked), "\(seen)")
        }
        withExtendedLifetime(broker) {}
    }
}
