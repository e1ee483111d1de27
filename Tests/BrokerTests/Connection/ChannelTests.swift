import Broker
import NIOCore
import Testing

@Suite struct PublishingTests {
    @Test func confirmsOfOneTurnAreOne() throws {
        let client = try MachineHarness().open()
        try client.declare("q")
        client.send(ConfirmSelect())
        _ = try client.take(ConfirmSelectOK.self)
        var burst = ByteBuffer()
        for _ in 0..<5 {
            burst.writeImmutableBuffer(MachineClient.publish(BasicPublish(exchange: "", routingKey: "q"), body: [1]))
        }
        client.send(bytes: Array(burst.readableBytesView))
        let ack = try client.take(BasicAck.self)
        #expect(ack.deliveryTag == 5)
        #expect(ack.multiple)
        client.publish(key: "q")
        #expect(try client.take(BasicAck.self).multiple == false)
        #expect(!client.hasFrames)
        #expect(try client.declare("q").messageCount == 6)
    }

    /// Fails when the return is not written before its confirm.
    @Test func returnsComeBeforeTheirConfirms() throws {
        let client = try MachineHarness().open()
        client.send(ConfirmSelect())
        _ = try client.take(ConfirmSelectOK.self)
        client.publish(exchange: "amq.direct", key: "nobody", mandatory: true, body: "back")
        let returned = try client.take(BasicReturn.self)
        #expect(returned.replyCode == 312)
        #expect(returned.replyText == "NO_ROUTE")
        #expect(returned.exchange == "amq.direct")
        #expect(try client.takeContent().body == "back")
        #expect(try client.take(BasicAck.self).deliveryTag == 1)
    }

    @Test func refusedPublishesAreNacked() throws {
        let client = try MachineHarness().open()
        try client.declare("q", ["x-max-length": .int32(1), "x-overflow": .string("reject-publish")])
        client.send(ConfirmSelect(noWait: true))
        var burst = ByteBuffer()
        for _ in 0..<3 { burst.writeImmutableBuffer(MachineClient.publish(BasicPublish(exchange: "", routingKey: "q"))) }
        client.send(bytes: Array(burst.readableBytesView))
        #expect(try client.take(BasicAck.self).deliveryTag == 1)
        #expect(try client.take(BasicNack.self).deliveryTag == 2)
        #expect(try client.take(BasicNack.self).deliveryTag == 3)
    }

    @Test func missingExchange() throws {
        let client = try MachineHarness().open()
        client.publish(exchange: "none", key: "k", body: "x")
        let close = try client.take(ChannelClose.self)
        #expect(close.replyText == "NOT_FOUND - no exchange 'none' in vhost '/'")
        #expect(MethodID(classID: close.classID, methodID: close.methodID) == .basicPublish)
    }

    @Test func userIDs() throws {
        let client = try MachineHarness().open()
        try client.declare("q")
        var properties = BasicProperties()
        properties.userID = "guest"
        client.publish(key: "q", properties)
        #expect(!client.hasFrames)
        properties.userID = "other"
        client.publish(key: "q", properties)
        #expect(
            try client.take(ChannelClose.self).replyText
                == "PRECONDITION_FAILED - user_id property set to 'other' but authenticated user was 'guest'")
    }

    /// Fails when any other mode counts as transient.
    @Test(arguments: [0, 3, 255]) func unknownDeliveryModes(_ mode: UInt8) throws {
        for headers in [nil, ["a": "b"]] as [FieldTable?] {
            let client = try MachineHarness().open()
            try client.declare("q")
            var properties = BasicProperties()
            properties.deliveryMode = mode
            properties.headers = headers
            client.publish(key: "q", properties)
            #expect(
                try client.take(ChannelClose.self).replyText
                    == "PRECONDITION_FAILED - invalid message: {delivery_mode_unknown,\(mode)}")
        }
    }

    /// Bodies that were begun on many channels. Fails when nobody counts them, or when what has ended still counts.
    @Test func unfinishedMessagesAreLimited() throws {
        let harness = try MachineHarness { $0.limits.unfinishedBytes = 20_000 }
        let client = try harness.open(frameMax: 4_096)
        try client.declare("q")
        func begin(_ channel: UInt16, frames: Int, of size: UInt64) {
            var buffer = ByteBuffer()
            buffer.writeMethod(BasicPublish(exchange: "", routingKey: "q"), channel: channel)
            buffer.writeBytes([FrameType.header] + channel.bytes + [0, 0, 0, 14, 0, 60, 0, 0] + size.bytes + [0, 0, 0xCE])
            client.send(bytes: Array(buffer.readableBytesView))
            more(channel, frames: frames)
        }
        func more(_ channel: UInt16, frames: Int) {
            let part: [UInt8] = [FrameType.body] + channel.bytes + [0, 0, 0x0F, 0xA0] + [UInt8](repeating: 1, count: 4_000) + [0xCE]
            for _ in 0..<frames { client.send(bytes: part) }
        }
        for channel in 2...3 as ClosedRange<UInt16> {
            client.send(ChannelOpen(), channel: channel)
            _ = try client.take(ChannelOpenOK.self)
        }
        begin(1, frames: 2, of: 12_000)
        begin(2, frames: 2, of: 12_000)
        #expect(harness.core.memoryInUse == 16_000)
        more(1, frames: 1)
        #expect(try client.declare("q").messageCount == 1)
        begin(3, frames: 3, of: 100_000)
        #expect(!client.hasFrames)
        more(3, frames: 1)
        #expect(
            try client.take(ConnectionClose.self).replyText
                == "RESOURCE_ERROR - a connection can have begun messages of 20000 bytes at most")
        client.send(ConnectionCloseOK(), channel: 0)
        client.close()
        let other = try harness.open()
        other.send(QueuePurge(queue: "q"))
        _ = try other.take(QueuePurgeOK.self)
        #expect(harness.core.memoryInUse == 0)
    }

    @Test func permissions() throws {
        let harness = try MachineHarness()
        harness.allow("other", configure: "^mine", write: "^mine", read: "^mine")
        let client = try harness.open(user: "other")
        try client.declare("mine")
        client.send(QueueDeclare(queue: "yours"))
        #expect(
            try client.take(ChannelClose.self).replyText
                == "ACCESS_REFUSED - access to queue 'yours' in vhost '/' refused for user 'other'")
        client.send(ChannelCloseOK())
        client.send(ChannelOpen(), channel: 2)
        _ = try client.take(ChannelOpenOK.self)
        client.publish(exchange: "", key: "mine", channel: 2)
        #expect(
            try client.take(ChannelClose.self).replyText
                == "ACCESS_REFUSED - access to exchange 'amq.default' in vhost '/' refused for user 'other'")
    }

    /// A body in many frames, none of them where the socket's reads end.
    @Test(arguments: [1, 7, 8, 4_096, 5_000]) func largeBodies(_ step: Int) throws {
        let client = try MachineHarness().open(frameMax: 4_096)
        try client.declare("q")
        let body = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 31) & 0x7F }
        client.send(MachineClient.publish(BasicPublish(exchange: "", routingKey: "q"), body: body, frameMax: 4_096), by: step)
        client.send(BasicGet(queue: "q", noAck: true))
        _ = try client.take(BasicGetOK.self)
        #expect(try Array(client.takeContent().body.utf8) == body)
    }

    @Test func transactions() throws {
        let client = try MachineHarness().open()
        try client.declare("q")
        try client.selectTransactions()
        client.publish(key: "q", body: "a")
        #expect(try client.declare("q").messageCount == 0)
        client.send(TxRollback())
        _ = try client.take(TxRollbackOK.self)
        try client.commit()
        #expect(try client.declare("q").messageCount == 0)
        client.publish(key: "q", body: "b")
        try client.commit()
        #expect(try client.declare("q").messageCount == 1)
        // An acknowledgement that is rolled back leaves the delivery with the client.
        client.send(BasicGet(queue: "q"))
        _ = try client.take(BasicGetOK.self)
        _ = try client.takeContent()
        client.send(BasicAck(deliveryTag: 1))
        client.send(TxRollback())
        _ = try client.take(TxRollbackOK.self)
        client.send(BasicNack(deliveryTag: 1, multiple: false, requeue: true))
        #expect(try client.declare("q").messageCount == 0)
        try client.commit()
        #expect(try client.declare("q").messageCount == 1)
    }
}

@Suite struct ConsumingTests {
    @Test func prefetchOfAConsumer() throws {
        let client = try MachineHarness().open()
        try client.declare("q")
        client.send(BasicQos(prefetchCount: 2))
        _ = try client.take(BasicQosOK.self)
        try client.consume("q")
        for body in ["1", "2", "3", "4"] { client.publish(key: "q", body: body) }
        #expect(try client.takeDelivery().2 == "1")
        #expect(try client.takeDelivery().2 == "2")
        #expect(!client.hasFrames)
        client.send(BasicAck(deliveryTag: 1))
        #expect(try client.takeDelivery().2 == "3")
        #expect(!client.hasFrames)
        client.send(BasicAck(deliveryTag: 0, multiple: true))
        #expect(try client.takeDelivery().2 == "4")
    }

    @Test func prefetchOfAChannel() throws {
        let client = try MachineHarness().open()
        try client.declare("q")
        client.send(BasicQos(prefetchCount: 1, global: true))
        _ = try client.take(BasicQosOK.self)
        try client.consume("q", tag: "a")
        try client.consume("q", tag: "b")
        for body in ["1", "2"] { client.publish(key: "q", body: body) }
        _ = try client.takeDelivery()
        #expect(!client.hasFrames)
        client.send(BasicAck(deliveryTag: 1))
        #expect(try client.takeDelivery().2 == "2")
        client.publish(key: "q", body: "3")
        #expect(!client.hasFrames)
        client.send(BasicQos(prefetchCount: 0, global: true))
        _ = try client.take(BasicQosOK.self)
        #expect(try client.takeDelivery().2 == "3")
    }

    /// Fails when the fullness of the channel is looked at only after the deliveries have left its ledger (`releaseChannel`).
    @Test(arguments: [false, true]) func prefetchOfAChannelThatSettlesManyAtOnce(_ inTransaction: Bool) throws {
        let client = try MachineHarness().open()
        try client.declare("q")
        client.send(BasicQos(prefetchCount: 3, global: true))
        _ = try client.take(BasicQosOK.self)
        for body in ["1", "2", "3", "4", "5"] { client.publish(key: "q", body: body) }
        if inTransaction { try client.selectTransactions() }
        try client.consume("q")
        for body in ["1", "2", "3"] { #expect(try client.takeDelivery().2 == body) }
        client.send(BasicAck(deliveryTag: 2, multiple: true))
        if inTransaction {
            // What is not committed may come back, and so counts.
            #expect(!client.hasFrames)
            try client.commit()
        }
        for body in ["4", "5"] { #expect(try client.takeDelivery().2 == body) }
    }

    /// Fails when each message that goes back is delivered again before the next has come back.
    @Test(arguments: [false, true]) func whatGoesBackTogetherKeepsItsOrder(_ inTransaction: Bool) throws {
        let client = try MachineHarness().open()
        try client.declare("q")
        if inTransaction { try client.selectTransactions() }
        for body in ["1", "2", "3"] { client.publish(key: "q", body: body) }
        if inTransaction { try client.commit() }
        try client.consume("q")
        for body in ["1", "2", "3"] { #expect(try client.takeDelivery().2 == body) }
        client.send(BasicReject(deliveryTag: 1, requeue: true))
        if inTransaction { client.send(TxCommit()) }
        #expect(try client.takeDeliveries() == ["1"])
        client.send(BasicNack(deliveryTag: 4, multiple: true, requeue: true))
        if inTransaction { client.send(TxCommit()) }
        #expect(try client.takeDeliveries() == ["1", "2", "3"])
    }

    /// RabbitMQ: a limit for consumers lifts the channel's.
    @Test func aLimitForConsumersLiftsTheChannels() throws {
        let client = try MachineHarness().open()
        try client.declare("q")
        client.send(BasicQos(prefetchCount: 1, global: true))
        _ = try client.take(BasicQosOK.self)
        try client.consume("q")
        for body in ["1", "2"] { client.publish(key: "q", body: body) }
        #expect(try client.takeDelivery().2 == "1")
        #expect(!client.hasFrames)
        client.send(BasicQos(prefetchCount: 5))
        _ = try client.take(BasicQosOK.self)
        #expect(try client.takeDelivery().2 == "2")
    }

    /// Fails when what a transaction was to settle is forgotten with it.
    @Test func aTransactionThatFailsGivesBackWhatItWasToSettle() throws {
        let harness = try MachineHarness()
        let client = try harness.open()
        try client.declare("q")
        client.publish(key: "q", body: "m")
        try client.selectTransactions()
        client.send(BasicGet(queue: "q"))
        _ = try client.take(BasicGetOK.self)
        _ = try client.takeContent()
        client.send(BasicAck(deliveryTag: 1))
        var properties = BasicProperties()
        properties.headers = ["CC": "no list"]
        client.publish(key: "q", properties)
        #expect(try client.take(ChannelClose.self).replyCode == 406)
        #expect(try harness.open().declare("q").messageCount == 1)
    }

    /// Fails when only a full declaration counts as use.
    @Test func aPassiveDeclarationIsUse() throws {
        let harness = try MachineHarness()
        let client = try harness.open()
        try client.declare("q", ["x-expires": .int32(1_000)])
        for _ in 0..<4 {
            harness.advance(milliseconds: 500)
            client.send(QueueDeclare(queue: "q", passive: true))
            _ = try client.take(QueueDeclareOK.self)
        }
        harness.advance(milliseconds: 1_500)
        client.send(QueueDeclare(queue: "q", passive: true))
        #expect(try client.take(ChannelClose.self).replyCode == 404)
    }

    @Test func unsettledMessagesGoBackInOrder() throws {
        let harness = try MachineHarness()
        let client = try harness.open()
        try client.declare("q")
        for body in ["1", "2", "3"] { client.publish(key: "q", body: body) }
        try client.consume("q")
        for _ in 0..<3 { _ = try client.takeDelivery() }
        client.send(ChannelClose())
        _ = try client.take(ChannelCloseOK.self)
        let other = try harness.open()
        try other.consume("q", noAck: true)
        for (tag, body) in ["1", "2", "3"].enumerated() {
            let (deliver, _, text) = try other.takeDelivery()
            #expect(text == body)
            #expect(deliver.redelivered)
            #expect(deliver.deliveryTag == UInt64(tag + 1))
        }
    }

    /// Fails when the notice is sent before the answer: py-amqp takes it for an error of its own request.
    @Test func deletedQueuesCancelTheirConsumersAfterTheAnswer() throws {
        let harness = try MachineHarness()
        let client = try harness.open()
        let other = try harness.open()
        try client.declare("q")
        try client.consume("q", tag: "mine")
        try other.consume("q", tag: "other")
        client.send(QueueDelete(queue: "q"))
        _ = try client.take(QueueDeleteOK.self)
        #expect(try client.take(BasicCancel.self).consumerTag == "mine")
        #expect(try other.take(BasicCancel.self).consumerTag == "other")
    }

    @Test func consumerTags() throws {
        let client = try MachineHarness().open()
        try client.declare("q")
        client.send(BasicConsume(queue: "q"))
        #expect(try client.take(BasicConsumeOK.self).consumerTag.hasPrefix("amq.ctag-"))
        try client.consume("q", tag: "t")
        client.send(BasicCancel(consumerTag: "t"))
        #expect(try client.take(BasicCancelOK.self).consumerTag == "t")
        client.send(BasicCancel(consumerTag: "unknown"))
        _ = try client.take(BasicCancelOK.self)
        try client.consume("q", tag: "t")
        client.send(BasicConsume(queue: "q", consumerTag: "t"))
        #expect(try client.take(ConnectionClose.self).replyText == "NOT_ALLOWED - attempt to reuse consumer tag 't'")
    }

    @Test func unknownTags() throws {
        let client = try MachineHarness().open()
        client.send(BasicNack(deliveryTag: 3, multiple: true))
        #expect(try client.take(ChannelClose.self).replyText == "PRECONDITION_FAILED - unknown delivery tag 3")
    }

    @Test func exclusiveQueuesGoWithTheirConnection() throws {
        let harness = try MachineHarness()
        let owner = try harness.open()
        let other = try harness.open()
        try owner.declare("q", exclusive: true)
        other.send(QueueDeclare(queue: "q", passive: true))
        #expect(try other.take(ChannelClose.self).replyCode == 405)
        owner.send(ConnectionClose(replyCode: 200), channel: 0)
        _ = try owner.take(ConnectionCloseOK.self)
        other.send(ChannelOpen(), channel: 2)
        _ = try other.take(ChannelOpenOK.self)
        other.send(QueueDeclare(queue: "q", passive: true), channel: 2)
        #expect(try other.take(ChannelClose.self).replyCode == 404)
    }

    @Test func recovers() throws {
        let client = try MachineHarness().open()
        try client.declare("q")
        client.publish(key: "q", body: "1")
        try client.consume("q")
        _ = try client.takeDelivery()
        client.send(BasicRecover(requeue: true))
        _ = try client.take(BasicRecoverOK.self)
        #expect(try client.takeDelivery().0.redelivered)
    }

    /// Asking for the queue without a name does not answer for the last one that was declared: nobody has it.
    @Test func noQueueHasNoName() throws {
        let harness = try MachineHarness()
        let client = try harness.open()
        try client.declare("q")
        client.send(QueueDeclare(queue: "", passive: true))
        let close = try client.take(ChannelClose.self)
        #expect(close.replyCode == 404 && close.replyText == "NOT_FOUND - no queue '' in vhost '/'")
    }

    @Test func failedDeliveriesAreCounted() throws {
        let client = try MachineHarness().open()
        client.send(QueueDeclare(queue: "q", durable: true, arguments: ["x-queue-type": .string("quorum")]))
        _ = try client.take(QueueDeclareOK.self)
        client.publish(key: "q", body: "1")
        try client.consume("q")
        #expect(try client.takeDelivery().1.headers?["x-delivery-count"] == nil)
        client.send(BasicReject(deliveryTag: 1, requeue: true))
        #expect(try client.takeDelivery().1.headers?["x-delivery-count"]?.integer == 1)
    }
}

@Suite struct DirectReplyTests {
    private static let pseudoQueue = "amq.rabbitmq.reply-to"

    @Test func repliesComeStraightBack() throws {
        let harness = try MachineHarness()
        let asking = try harness.open()
        let answering = try harness.open()
        try answering.declare("requests")
        try answering.consume("requests", noAck: true)
        try asking.consume(Self.pseudoQueue, tag: "replies", noAck: true)
        var properties = BasicProperties()
        properties.replyTo = Self.pseudoQueue
        properties.correlationID = "7"
        asking.publish(key: "requests", properties, body: "question")
        let request = try answering.takeDelivery()
        let address = try #require(request.1.replyTo)
        #expect(address.hasPrefix(Self.pseudoQueue + "."))
        #expect(request.1.correlationID == "7")
        answering.send(QueueDeclare(queue: address, passive: true))
        #expect(try answering.take(QueueDeclareOK.self).consumerCount == 1)
        answering.publish(key: address, mandatory: true, body: "answer")
        // The address is no queue, so that a mandatory reply is delivered and comes back as well.
        #expect(try answering.take(BasicReturn.self).replyCode == 312)
        _ = try answering.takeContent()
        let reply = try asking.takeDelivery()
        #expect(reply.0.consumerTag == "replies")
        #expect(reply.2 == "answer")
        // Nobody is there any more: the reply goes back.
        asking.send(ChannelClose())
        answering.publish(key: address, mandatory: true, body: "late")
        #expect(try answering.take(BasicReturn.self).routingKey == address)
    }

    /// Fails when replies are written for a client whatever it has taken of those before.
    @Test func repliesForAClientThatTakesNoneAreDropped() throws {
        let harness = try MachineHarness { $0.limits.outboundBytes = 1_000 }
        let asking = try harness.open()
        let answering = try harness.open()
        try answering.declare("requests")
        try answering.consume("requests", noAck: true)
        try asking.consume(Self.pseudoQueue, tag: "replies", noAck: true)
        var properties = BasicProperties()
        properties.replyTo = Self.pseudoQueue
        asking.publish(key: "requests", properties)
        let address = try #require(try answering.takeDelivery().1.replyTo)
        asking.isWritable = false
        for _ in 0..<100 { answering.publish(key: address, body: String(repeating: "x", count: 1_000)) }
        #expect((10_000..<20_000).contains(asking.pendingBytes))
        asking.pendingBytes = 0
        asking.isWritable = true
        _ = try asking.takeAll()
        answering.publish(key: address, body: "again")
        #expect(try asking.takeDelivery().2 == "again")
    }

    @Test func needsAConsumer() throws {
        let client = try MachineHarness().open()
        var properties = BasicProperties()
        properties.replyTo = Self.pseudoQueue
        client.publish(key: "q", properties)
        #expect(try client.take(ChannelClose.self).replyText == "PRECONDITION_FAILED - fast reply consumer does not exist")
    }

    @Test func cannotAcknowledge() throws {
        let client = try MachineHarness().open()
        client.send(BasicConsume(queue: Self.pseudoQueue, consumerTag: "t"))
        #expect(try client.take(ChannelClose.self).replyText == "PRECONDITION_FAILED - reply consumer cannot acknowledge")
    }
}

extension MachineClient {
    /// The bodies of all that was delivered, whatever stands before or behind.
    fileprivate func takeDeliveries() throws -> [String] {
        var bodies: [String] = []
        while hasFrames {
            if isReceiving(.basicDeliver) { bodies.append(try takeDelivery().2) } else { _ = try takeFrame() }
        }
        return bodies
    }
}

extension FixedWidthInteger {
    /// As the network has them.
    fileprivate var bytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }
}
