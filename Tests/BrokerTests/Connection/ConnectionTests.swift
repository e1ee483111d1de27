import Broker
import NIOCore
import Testing

@Suite struct HeartbeatTests {
    private static let heartbeat: [UInt8] = [8, 0, 0, 0, 0, 0, 0, 0xCE]

    /// Fails when the broker sends none, or too late: clients give up after two intervals.
    @Test func areSentWhenNothingElseIs() throws {
        let harness = try MachineHarness()
        let client = try harness.open(heartbeat: 4)
        var seconds = 0
        while !client.hasFrames, seconds < 10 {
            harness.advance(milliseconds: 1_000)
            seconds += 1
        }
        #expect(seconds <= 4)
        #expect(Array(client.received.readableBytesView) == Self.heartbeat)
    }

    @Test func silentPeersAreDropped() throws {
        let harness = try MachineHarness()
        let client = try harness.open(heartbeat: 2)
        harness.advance(milliseconds: 3_500)
        #expect(!client.isClosed)
        harness.advance(milliseconds: 2_000)
        #expect(client.isClosed)
        #expect(harness.broker.connections.isEmpty)
    }

    /// Any octet counts, a heartbeat as well as a part of a frame.
    @Test(arguments: [Self.heartbeat, [8]]) func anyOctetCounts(_ bytes: [UInt8]) throws {
        let harness = try MachineHarness()
        let client = try harness.open(heartbeat: 2)
        for byte in bytes + bytes where !client.isClosed {
            harness.advance(milliseconds: 3_000)
            client.send(bytes: [byte])
        }
        #expect(client.machine?.phase != .closed)
    }

    /// After a pause of the whole process, what clients have sent meanwhile is still to be read. Fails when `BrokerLoop.tick`
    /// does not see the pause.
    @Test func theBrokersOwnAbsenceIsNotTheClients() throws {
        let harness = try MachineHarness()
        let client = try harness.open(heartbeat: 2)
        let beginner = harness.connect()
        harness.advance(milliseconds: 1_000)
        harness.time.advance(60_000)
        harness.advance(milliseconds: 500)
        #expect(!client.isClosed && !beginner.isClosed)
        harness.advance(milliseconds: 5_000)
        #expect(client.isClosed && !beginner.isClosed)
        harness.advance(milliseconds: 5_000)
        #expect(beginner.isClosed)
    }

    @Test func noneWereAgreed() throws {
        let harness = try MachineHarness()
        let client = try harness.open(heartbeat: 0)
        harness.advance(milliseconds: 600_000)
        #expect(!client.isClosed)
        #expect(!client.hasFrames)
    }
}

@Suite struct ClosingTests {
    @Test func clientsThatDoNotAnswerAreDropped() throws {
        let harness = try MachineHarness()
        let client = try harness.open()
        harness.broker.closeAll(reason: "broker shutdown")
        harness.endTurn()
        let close = try client.take(ConnectionClose.self)
        #expect(close.replyCode == 320)
        #expect(close.replyText == "CONNECTION_FORCED - broker shutdown")
        harness.advance(milliseconds: 6_000)
        #expect(client.isClosed)
    }

    /// The Go client's threads may each send one.
    @Test func closeIsAnsweredAsOftenAsItIsAsked() throws {
        let client = try MachineHarness().open()
        for _ in 0..<3 {
            client.send(ConnectionClose(replyCode: 200), channel: 0)
            _ = try client.take(ConnectionCloseOK.self)
        }
        #expect(!client.isFinished)
    }

    @Test func channelsAreLimited() throws {
        let client = try MachineHarness().open(channel: false)
        for number in 1...100 as ClosedRange<UInt16> {
            client.send(ChannelOpen(), channel: number)
            _ = try client.take(ChannelOpenOK.self)
        }
        client.send(ChannelOpen(), channel: 101)
        #expect(
            try client.take(ConnectionClose.self).replyText
                == "NOT_ALLOWED - number of channels opened (100) has reached the negotiated channel_max (100)")
    }

    @Test func channelNumbersAreUsedAgain() throws {
        let harness = try MachineHarness()
        let client = try harness.open()
        for _ in 0..<1_000 {
            client.send(ChannelClose())
            _ = try client.take(ChannelCloseOK.self)
            client.send(ChannelOpen())
            _ = try client.take(ChannelOpenOK.self)
        }
        #expect(harness.broker.channelsOpened - harness.broker.channelsClosed == 1)
        client.close()
        #expect(harness.broker.channelsOpened == harness.broker.channelsClosed)
        #expect(harness.broker.connectionsOpened == harness.broker.connectionsClosed)
    }

    @Test func deletedVirtualHostsCloseTheirConnections() throws {
        let harness = try MachineHarness()
        let client = try harness.open()
        try client.declare("q")
        client.publish(key: "q", body: "1")
        try client.consume("q")
        _ = try client.takeDelivery()
        try harness.core.deleteHost("/")
        harness.advance(milliseconds: 1_000)
        let frames = try client.takeAll().compactMap(\.method)
        #expect(frames.last == .connectionClose)
    }

    @Test func secretsAreUpdated() throws {
        let client = try MachineHarness().open()
        client.send(ConnectionUpdateSecret(newSecret: [1], reason: "rotation"), channel: 0)
        _ = try client.take(ConnectionUpdateSecretOK.self)
    }
}

@Suite struct BackpressureTests {
    private func fill(_ harness: MachineHarness, _ client: MachineClient, _ count: Int) throws {
        for _ in 0..<count { client.publish(key: "q", body: String(repeating: "x", count: 1_000)) }
    }

    @Test func publishersAreBlockedWhileMemoryIsShort() throws {
        let harness = try MachineHarness()
        harness.core.memoryHighWatermark = 10_000
        let publisher = try harness.open()
        let consumer = try harness.open()
        try publisher.declare("q")
        try fill(harness, publisher, 12)
        #expect(try publisher.take(ConnectionBlocked.self).reason == "low on memory")
        #expect(!publisher.isReading)
        #expect(consumer.isReading)
        // Fails when the kept input is processed at once: the message then comes into the middle of the purge, and goes with it.
        let held = try consumer.declare("q").messageCount
        publisher.publish(key: "q", body: "later")
        #expect(try consumer.declare("q").messageCount == held)
        consumer.send(QueuePurge(queue: "q"))
        _ = try consumer.take(QueuePurgeOK.self)
        _ = try publisher.take(ConnectionUnblocked.self)
        #expect(publisher.isReading)
        #expect(try consumer.declare("q").messageCount > 0)
    }

    /// A publisher that has sent all it may without a confirm sends nothing that could be answered with `connection.blocked`.
    /// Fails when only those who publish are told (`block` does nothing), and when they are not told of the end.
    @Test(arguments: [false, true]) func whoeverWaitsForAFullDiskIsTold(_ inTransaction: Bool) throws {
        let disk = SimulatedDisk()
        let harness = try MachineHarness(disk: disk)
        let publisher = try harness.open()
        let other = try harness.open()
        publisher.send(QueueDeclare(queue: "kept", durable: true))
        _ = try publisher.take(QueueDeclareOK.self)
        disk.executor.step()
        // The first segment is there; by the time that the second cannot be made, it has messages already.
        if inTransaction { publisher.send(TxSelect()) } else { publisher.send(ConfirmSelect()) }
        _ = try publisher.takeFrame()
        var properties = BasicProperties()
        properties.deliveryMode = 2
        for _ in 0..<20 { publisher.publish(key: "kept", properties, body: String(repeating: "x", count: 1_000)) }
        if inTransaction { publisher.send(TxCommit()) }
        let early = try publisher.takeAll()
        #expect(early.allSatisfy { $0.method == .basicAck } && early.count < 20)
        disk.storage.setFaults { $0.capacity = 0 }
        disk.executor.drain()
        harness.endTurn()
        #expect(try publisher.take(ConnectionBlocked.self).reason == "low on disk")
        #expect(!publisher.hasFrames && !other.hasFrames)
        // What it acknowledges may make room.
        #expect(publisher.isReading != inTransaction)
        disk.storage.setFaults { $0.capacity = .max }
        harness.advance(milliseconds: 2_000)
        disk.executor.drain()
        harness.endTurn()
        let late = try publisher.takeAll().compactMap(\.method)
        #expect(late.contains(inTransaction ? .txCommitOK : .basicAck) && late.contains(.connectionUnblocked))
        #expect(publisher.isReading && !other.hasFrames)
    }

    /// Fails when only those are told who waited when the shortage began (`commit`).
    @Test func whoeverBeginsToWaitForAFullDiskIsTold() throws {
        let disk = SimulatedDisk()
        let harness = try MachineHarness(disk: disk)
        let client = try harness.open()
        client.send(QueueDeclare(queue: "kept", durable: true))
        _ = try client.take(QueueDeclareOK.self)
        disk.executor.step()
        try client.selectTransactions()
        var properties = BasicProperties()
        properties.deliveryMode = 2
        for _ in 0..<20 { client.publish(key: "kept", properties, body: String(repeating: "x", count: 1_000)) }
        disk.storage.setFaults { $0.capacity = 0 }
        disk.executor.drain()
        #expect(!client.hasFrames)
        client.send(TxCommit())
        #expect(try client.take(ConnectionBlocked.self).reason == "low on disk")
    }

    /// A change over HTTP that is under way when the disk becomes full is answered a second later, and once. Fails when `tick` leaves
    /// those who wait alone.
    @Test func whoeverWillNotWaitForRoomIsRefused() throws {
        let disk = SimulatedDisk()
        let harness = try MachineHarness(disk: disk)
        let store = try #require(harness.store)
        let client = try harness.open()
        client.send(QueueDeclare(queue: "kept", durable: true))
        _ = try client.take(QueueDeclareOK.self)
        disk.executor.step()
        var properties = BasicProperties()
        properties.deliveryMode = 2
        for _ in 0..<20 { client.publish(key: "kept", properties, body: String(repeating: "x", count: 1_000)) }
        var answers: [String] = []
        harness.broker.whenDurable(store.appended, orWithoutRoom: { answers.append("refused") }) { answers.append("done") }
        harness.broker.whenDurable(store.appended) { answers.append("waited") }
        harness.endTurn()
        #expect(answers.isEmpty)
        disk.storage.setFaults { $0.capacity = 0 }
        disk.executor.drain()
        #expect(answers.isEmpty)
        harness.advance(milliseconds: 2_000)
        #expect(answers == ["refused"])
        disk.storage.setFaults { $0.capacity = .max }
        for _ in 0..<10 {
            harness.advance(milliseconds: 1_000)
            disk.executor.drain()
        }
        #expect(store.durable == store.appended)
        #expect(answers == ["refused", "waited"])
    }

    /// Fails when a turn is left to clients (`tick`).
    @Test func whatQueuesDoByThemselvesIsCommittedWithoutClients() throws {
        let disk = SimulatedDisk()
        let harness = try MachineHarness(disk: disk)
        let client = try harness.open()
        disk.executor.drain()
        client.send(QueueDeclare(queue: "dead", durable: true))
        _ = try client.take(QueueDeclareOK.self)
        client.send(
            QueueDeclare(
                queue: "kept", durable: true,
                arguments: [
                    "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead", "x-message-ttl": .int32(1_000),
                ]))
        _ = try client.take(QueueDeclareOK.self)
        var properties = BasicProperties()
        properties.deliveryMode = 2
        client.publish(key: "kept", properties, body: "m")
        client.close()
        harness.endTurn()
        disk.executor.drain()
        let store = try #require(harness.store)
        let before = store.appended
        harness.advance(milliseconds: 3_000)
        disk.executor.drain()
        #expect(store.appended > before && store.durable == store.appended)
    }

    /// Fails when every definition that cannot be written is the end (`BrokerCore.record`).
    @Test func aDefinitionWithoutRoomIsRefused() throws {
        let disk = SimulatedDisk()
        let harness = try MachineHarness(disk: disk)
        var failures = 0
        harness.core.onFailure = { _ in failures += 1 }
        let client = try harness.open()
        disk.storage.setFaults { $0.capacity = 0 }
        for number in 0..<2_000 {
            client.send(QueueDeclare(queue: "q\(number)", durable: true))
            guard client.isReceiving(.connectionClose) else {
                _ = try client.take(QueueDeclareOK.self)
                continue
            }
            #expect(try client.take(ConnectionClose.self).replyCode == 506)
            #expect(failures == 0)
            let other = try harness.open()
            other.send(QueueDeclare(queue: "q\(number)", passive: true))
            #expect(try other.take(ChannelClose.self).replyCode == 404)
            disk.storage.setFaults { $0.capacity = .max }
            let third = try harness.open()
            third.send(QueueDeclare(queue: "q\(number)", durable: true))
            _ = try third.take(QueueDeclareOK.self)
            return
        }
        Issue.record("the disk was never full")
    }

    /// Fails when `hasCapacity` does not look at the outbound buffer.
    @Test func slowReadersGetNoMoreDeliveries() throws {
        let harness = try MachineHarness { $0.limits.outboundBytes = 10_000 }
        let publisher = try harness.open()
        let reader = try harness.open()
        try publisher.declare("q")
        try reader.consume("q", noAck: true)
        reader.isWritable = false
        try fill(harness, publisher, 50)
        #expect(reader.pendingBytes == 0)
        #expect(try publisher.declare("q").messageCount == 50)
        reader.isWritable = true
        harness.endTurn()
        #expect(try reader.takeAll().filter { $0.method == .basicDeliver }.count == 50)
    }

    /// Fails when the outbound buffer is emptied after it was sent: deliveries that the transport has asked for while it was
    /// sending are lost with it.
    @Test func deliveriesThatAreAddedWhileSendingAreKept() throws {
        let harness = try MachineHarness { $0.limits.outboundBytes = 3_000 }
        let publisher = try harness.open()
        let reader = try harness.open()
        try publisher.declare("q")
        try fill(harness, publisher, 50)
        reader.isFilledByEachSend = true
        reader.send(BasicConsume(queue: "q", consumerTag: "t", noAck: true))
        let deliveries = try reader.takeAll().filter { $0.method == .basicDeliver }
        #expect(deliveries.count == 50)
    }

    @Test func peersThatTakeNothingAreDropped() throws {
        let harness = try MachineHarness()
        let client = try harness.open()
        client.isWritable = false
        harness.advance(milliseconds: 29_000)
        #expect(!client.isClosed)
        harness.advance(milliseconds: 3_000)
        #expect(client.isClosed)
    }

    /// Fails when the time without a byte taken is counted from when the transport was first full.
    @Test func peersThatTakeAFewBytesAreWaitedFor() throws {
        let harness = try MachineHarness()
        let client = try harness.open()
        try client.declare("q")
        client.publish(key: "q", body: String(repeating: "b", count: 1_000))
        client.isWritable = false
        client.send(BasicGet(queue: "q", noAck: true))
        for _ in 0..<10 {
            harness.advance(milliseconds: 20_000)
            client.pendingBytes -= 1
        }
        #expect(!client.isClosed)
        harness.advance(milliseconds: 32_000)
        #expect(client.isClosed)
    }

    /// Fails when `holdInputOfSlowReader` does not look at what waits.
    @Test func questionsWaitUntilTheAnswersAreTaken() throws {
        let harness = try MachineHarness { $0.limits.outboundBytes = 1_000 }
        let client = try harness.open()
        try client.declare("q")
        client.isWritable = false
        for _ in 0..<2_000 { client.send(QueueDeclare(queue: "q", passive: true)) }
        #expect(!client.isReading && !client.isClosed)
        #expect((16_000..<17_000).contains(client.pendingBytes))
        client.pendingBytes = 0
        client.isWritable = true
        harness.endTurn()
        #expect(client.isReading)
        #expect(try client.takeAll().count == 2_000)
    }

    /// A socket may bring something between the moment in which it takes bytes again and the turn in which the broker goes on with
    /// what it has kept: whole frames then stand before it. It was a crash.
    @Test func whatComesBeforeTheTurnThatGoesOnComesAfterWhatWasKept() throws {
        let harness = try MachineHarness { $0.limits.outboundBytes = 1_000 }
        let client = try harness.open()
        try client.declare("q")
        client.isWritable = false
        var questions = ByteBuffer()
        for _ in 0..<2_000 { questions.writeMethod(QueueDeclare(queue: "q", passive: true), channel: 1) }
        let bytes = Array(questions.readableBytesView)
        let cut = bytes.count - 5
        client.send(bytes: Array(bytes[..<cut]))
        #expect(!client.isReading)
        client.pendingBytes = 0
        client.isWritable = true
        // Before the turn: the rest of the last question, and one that the answers to the others must come before.
        var last = ByteBuffer()
        last.writeMethod(QueueDeclare(queue: "unknown", passive: true), channel: 1)
        for part in [Array(bytes[cut...]), Array(last.readableBytesView)] { part.withUnsafeBytes { client.machine?.receive($0) } }
        for _ in 0..<50 {
            client.pendingBytes = 0
            harness.endTurn()
        }
        let answers = try client.takeAll().map(\.method)
        #expect(answers.dropLast().allSatisfy { $0 == .queueDeclareOK } && answers.count == 2_001)
        #expect(answers.last == .channelClose)
    }

    /// Fails when the output is not looked at within a turn.
    @Test func fewQuestionsDoNotMakeManyLargeAnswersAtOnce() throws {
        let harness = try MachineHarness { $0.limits.outboundBytes = 1_000 }
        let client = try harness.open()
        try client.declare("q")
        try fill(harness, client, 100)
        client.isWritable = false
        var questions = ByteBuffer()
        for _ in 0..<100 { questions.writeMethod(BasicGet(queue: "q", noAck: true), channel: 1) }
        client.send(bytes: Array(questions.readableBytesView))
        #expect(client.pendingBytes < 20_000)
        client.isWritable = true
        harness.endTurn()
        #expect(try client.takeAll().filter { $0.method == .basicGetOK }.count == 100)
    }

    /// A message may be larger than all that a client is sent at once, and be followed by others. Fails when who has much to
    /// read is taken for one who does not.
    @Test func oneLargeMessageIsNotASlowReader() throws {
        let harness = try MachineHarness { $0.limits.outboundBytes = 1_000 }
        let client = try harness.open()
        try client.declare("q")
        for _ in 0..<2 { client.publish(key: "q", body: String(repeating: "b", count: 50_000)) }
        client.isWritable = false
        for _ in 0..<2 { client.send(BasicGet(queue: "q", noAck: true)) }
        #expect(!client.isClosed)
        client.pendingBytes = 0
        client.isWritable = true
        harness.endTurn()
        for _ in 0..<2 {
            _ = try client.take(BasicGetOK.self)
            #expect(try client.takeContent().body.count == 50_000)
        }
    }
}

/// Whole sessions with a few bytes changed: the broker answers or closes, and stays sound.
@Suite struct DamagedSessionTests {
    private func session(_ random: inout SeededGenerator) -> [UInt8] {
        var buffer = ByteBuffer()
        let methods: [any Method] = [
            QueueDeclare(queue: "q"), QueueDeclare(queue: "e", exclusive: true, autoDelete: true), BasicQos(prefetchCount: 3),
            ExchangeDeclare(exchange: "x", type: "topic", arguments: random.table()), ConfirmSelect(),
            QueueBind(queue: "q", exchange: "x", routingKey: "a.#"), BasicConsume(queue: "q", consumerTag: "t"),
            BasicAck(deliveryTag: 1), BasicNack(deliveryTag: 0, multiple: true, requeue: true), BasicGet(queue: "q"),
            BasicRecover(requeue: true), BasicCancel(consumerTag: "t"), QueueUnbind(queue: "q", exchange: "x", routingKey: "a.#"),
            QueuePurge(queue: "q"), QueueDelete(queue: "e"), ExchangeDelete(exchange: "x"), TxSelect(), TxCommit(),
            ChannelClose(), ChannelOpen(), BasicReject(deliveryTag: 2, requeue: false),
        ]
        for method in methods where Int.random(in: 0..<4, using: &random) > 0 {
            buffer.writeMethod(method, channel: 1)
            if Bool.random(using: &random) {
                buffer.writeImmutableBuffer(
                    MachineClient.publish(
                        BasicPublish(exchange: "", routingKey: "q", mandatory: Bool.random(using: &random)), random.properties(),
                        body: random.bytes(200)))
            }
        }
        return Array(buffer.readableBytesView)
    }

    @Test func neverCrash() throws {
        var random = SeededGenerator(seed: 1_909)
        for _ in 0..<1_500 {
            let harness = try MachineHarness()
            let client = try harness.open()
            var bytes = session(&random)
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
            }
            var buffer = ByteBuffer(bytes: bytes)
            while buffer.readableBytes > 0 {
                let count = min(buffer.readableBytes, Int.random(in: 1...400, using: &random))
                client.send(bytes: buffer.readBytes(length: count) ?? [])
            }
            // Whatever was sent is whole frames.
            _ = try client.takeAll()
            client.close()
            // Somebody else is served as ever.
            let other = try harness.open()
            try other.declare("after")
            other.publish(key: "after", body: "1")
            #expect(try other.declare("after").messageCount == 1)
            #expect(harness.broker.connections.count == 1)
        }
    }
}
