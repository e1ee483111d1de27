import NIOCore

/// Where the channel is within a published message.
enum ContentState {
    /// A method frame is expected.
    case none
    /// The content header is expected.
    case header
    /// Body frames are expected.
    case body
}

/// Where a published message goes.
enum Destination {
    /// A consumer of direct replies, if there is still one.
    case replyConsumer(Message)
    case queues(RoutedMessage)
}

/// The message that is being received, and what is kept from the one before: most publishers use one exchange and routing
/// key again and again.
struct Publication {
    var exchange = ""
    var routingKey = ""
    var mandatory = false
    var attributes = MessageAttributes()
    /// Properties, then the body.
    var bytes = ByteBuffer()
    var propertyCount = 0
    /// Body bytes that are still to come.
    var missing = 0
    /// Body bytes that are counted as begun and not ended.
    var unfinished = 0
    /// The version of the permissions by which `exchange` was checked; nil while it is not.
    var checkedVersion: UInt64?
}

extension ChannelMachine {
    /// `basic.publish`: its fields are compared with those of the message before, in place.
    func beginPublish(_ fields: UnsafeRawBufferPointer) throws(ProtocolFault) {
        failedMethod = .basicPublish
        var reader = WireReader(fields)
        _ = try reader.short()
        let exchange = try reader.shortBytes()
        let routingKey = try reader.shortBytes()
        let bits = try reader.octet()
        if !exchange.isText(publication.exchange) {
            publication.exchange = try WireReader.text(exchange)
            publication.checkedVersion = nil
        }
        if !routingKey.isText(publication.routingKey) { publication.routingKey = try WireReader.text(routingKey) }
        publication.mandatory = bits & 1 != 0
        guard bits & 2 == 0 else { throw ProtocolFault(.notImplemented, "immediate=true") }
        let access = broker.access
        if publication.checkedVersion != access.version {
            try access.check(user.name, .write, .exchange, publication.exchange, host: virtualHost.name)
            publication.checkedVersion = access.version
        }
        content = .header
    }

    /// The content header: properties are checked and copied, together with room for the body.
    func takeHeader(_ payload: UnsafeRawBufferPointer) throws(ProtocolFault) {
        guard case .header = content else { throw Self.notExpected(content) }
        guard payload.count >= FrameLayout.contentHeaderSize + 2 else { throw WireReader.truncated }
        guard payload.bigEndian16(at: 0) == MethodID.basicPublish.classID, payload.bigEndian16(at: 2) == 0 else {
            throw ProtocolFault(
                .unexpectedFrame,
                "expected content header for class 60, got one for class \(payload.bigEndian16(at: 0)) instead")
        }
        let size = payload.bigEndian64(at: 4)
        let limit = broker.configuration.limits.messageBytes
        guard size <= UInt64(limit) else {
            throw ProtocolFault(
                .preconditionFailed, "message size \(size) is larger than configured max size \(limit)")
        }
        let properties = UnsafeRawBufferPointer(rebasing: payload[FrameLayout.contentHeaderSize...])
        let scan = try PropertyScan(properties, tableDepth: broker.configuration.limits.fieldTableDepth)
        if let claimed = scan.userID { try checkUserID(claimed) }
        publication.attributes = scan.attributes
        publication.missing = Int(size)
        if scan.wantsDirectReply {
            try beginWithDirectReply(properties)
        } else {
            publication.propertyCount = properties.count
            // The header's word for the size is no reason to take memory that the client may never fill.
            publication.bytes = ByteBufferAllocator().buffer(capacity: properties.count + min(Int(size), 1 << 20))
            publication.bytes.writeBytes(properties)
        }
        content = .body
        if size == 0 { try publishReceived() }
    }

    func takeBody(_ payload: UnsafeRawBufferPointer) throws(ProtocolFault) {
        guard case .body = content else { throw Self.notExpected(content) }
        guard payload.count <= publication.missing else {
            throw ProtocolFault(.frameError, "the body frames hold more bytes than the content header says")
        }
        publication.bytes.writeBytes(payload)
        publication.missing -= payload.count
        guard publication.missing == 0 else { return try noteUnfinished(payload.count) }
        forgetUnfinished()
        try publishReceived()
    }

    /// What a client has begun takes memory as what it has published does, and only its end tells whether that may go to the disk.
    private func noteUnfinished(_ count: Int) throws(ProtocolFault) {
        publication.unfinished += count
        connection.unfinishedBytes += count
        broker.core.budget.add(count)
        let limit = broker.configuration.limits.unfinishedBytes
        guard connection.unfinishedBytes > limit else { return }
        throw ProtocolFault(.resourceError, "a connection can have begun messages of \(limit) bytes at most")
    }

    /// The message is whole, or will never be.
    func forgetUnfinished() {
        guard publication.unfinished > 0 else { return }
        connection.unfinishedBytes -= publication.unfinished
        broker.core.budget.remove(publication.unfinished)
        publication.unfinished = 0
    }

    private static func notExpected(_ state: ContentState) -> ProtocolFault {
        switch state {
        case .none: ProtocolFault(.unexpectedFrame, "expected method frame, got non method frame instead")
        case .header:
            ProtocolFault(.unexpectedFrame, "expected content header for class 60, got non content header frame instead")
        case .body: ProtocolFault(.unexpectedFrame, "expected content body, got non content body frame instead")
        }
    }

    private func checkUserID(_ claimed: UnsafeRawBufferPointer) throws(ProtocolFault) {
        guard !claimed.isText(user.name), !user.mayImpersonate else { return }
        throw ProtocolFault(
            .preconditionFailed,
            "user_id property set to '\(String(decoding: claimed, as: UTF8.self))' but authenticated user was '\(user.name)'")
    }

    private func publishReceived() throws(ProtocolFault) {
        content = .none
        var bytes = ByteBuffer()
        swap(&bytes, &publication.bytes)
        let start = bytes.readerIndex
        let count = publication.propertyCount
        guard let properties = bytes.getSlice(at: start, length: count),
            let body = bytes.getSlice(at: start + count, length: bytes.readableBytes - count)
        else { throw ProtocolFault(.internalError, "the message lost its bytes") }
        let message = Message(
            exchange: publication.exchange, routingKey: publication.routingKey, properties: properties, body: body,
            attributes: publication.attributes)
        counts.published += 1
        if transaction != nil {
            try addToTransaction(message, mandatory: publication.mandatory)
        } else {
            try publish(message, mandatory: publication.mandatory)
        }
        connection.published()
    }

    /// Hands a message to the core and keeps its confirm, where the channel has them.
    private func publish(_ message: Message, mandatory: Bool) throws(ProtocolFault) {
        let outcome = hand(over: try route(message), mandatory: mandatory)
        guard confirms != nil else { return }
        switch outcome {
        case .routed(let sequence): confirms?.accepted(waitsFor: sequence)
        case .unroutable: confirms?.accepted(waitsFor: nil)
        case .rejected: confirms?.refused()
        }
        broker.awaitConfirms(self)
    }

    /// Where a message goes. An address of direct replies is no queue, as in RabbitMQ, and good for one reply or a few: it must not
    /// fill the cache of ways.
    @inline(__always)
    func route(_ message: Message) throws(ProtocolFault) -> Destination {
        if message.exchange.isEmpty, Self.isReplyAddress(message.routingKey) { return .replyConsumer(message) }
        return .queues(try virtualHost.route(message))
    }

    /// Hands a message over; a mandatory one that no queue takes goes back at once, and so before its confirm.
    ///
    /// - Parameter isLate: whether queues may have been deleted since it was routed.
    @inline(__always)
    func hand(over destination: Destination, mandatory: Bool, isLate: Bool = false) -> PublishOutcome {
        let message: Message
        let outcome: PublishOutcome
        switch destination {
        case .replyConsumer(let reply):
            deliverDirectReply(reply)
            (message, outcome) = (reply, .unroutable)
        case .queues(let routed):
            message = routed.message
            outcome = isLate ? virtualHost.acceptLate(routed) : virtualHost.accept(routed)
        }
        if mandatory, case .unroutable = outcome {
            counts.returned += 1
            broker.core.returned += 1
            send(
                BasicReturn(
                    replyCode: ReplyCode.noRoute.rawValue, replyText: ReplyCode.noRoute.name, exchange: message.exchange,
                    routingKey: message.routingKey))
            sendContent(message)
        }
        return outcome
    }

    /// The content frames behind a method that has content.
    func sendContent(_ message: Message) {
        connection.output.writeContent(
            properties: message.properties, body: message.body, channel: number, frameMax: Int(connection.frameMax))
        connection.sentFrames += 2
    }

    // MARK: Confirms

    func selectConfirms(_ request: ConfirmSelect) throws(ProtocolFault) {
        guard transaction == nil else { throw ProtocolFault(.preconditionFailed, "cannot switch from tx to confirm mode") }
        if confirms == nil { confirms = ConfirmLedger() }
        if !request.noWait { send(ConfirmSelectOK()) }
    }

    /// Writes the confirms that are due.
    ///
    /// - Returns: whether some are not yet.
    func settleConfirms(durable: LogSequence) -> Bool {
        guard confirms != nil else { return false }
        let number = number
        let before = confirms?.unanswered ?? 0
        confirms?.settle(durable: durable) { answer in
            connection.sentFrames += 1
            switch answer {
            case .ack(let tag, let multiple): connection.output.writeAck(tag, multiple: multiple, channel: number)
            case .nack(let tag):
                connection.output.writeMethod(BasicNack(deliveryTag: tag, multiple: false, requeue: false), channel: number)
            }
        }
        let count = UInt64(before - (confirms?.unanswered ?? 0))
        // Only then: a connection that is dirty asks for another turn, and while the disk works there would be one after another.
        if count > 0 { connection.markDirty() }
        counts.confirmed += count
        broker.core.confirmed += count
        return confirms?.isEmpty == false
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the bytes are the UTF-8 of a text.
    @inline(__always)
    func isText(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { utf8 in
            utf8.count == count && (count == 0 || elementsEqual(utf8, count: count))
        }
    }

    @inline(__always)
    private func elementsEqual(_ other: UnsafeBufferPointer<UInt8>, count: Int) -> Bool {
        for index in 0..<count where self[index] != other[index] { return false }
        return true
    }
}
