import CRabbitMQ

extension RabbitHandle {
    /// Sends a method. Small: the caller has asked ``hasRoom(for:)``.
    func send(_ method: OutboundMethod, channel: UInt16) throws(AMQPError) {
        try flush()
        arena.reset()
        spend(256)
        switch method {
        case .connectionClose:
            try send(
                MethodID.connectionClose, channel,
                amqp_connection_close_t(reply_code: 200, reply_text: arena.bytes("closed"), class_id: 0, method_id: 0))
        case .connectionCloseOK: try send(MethodID.connectionCloseOK, channel, amqp_connection_close_ok_t())
        case .channelOpen: try send(MethodID.channelOpen, channel, amqp_channel_open_t(out_of_band: amqp_empty_bytes))
        case .channelClose:
            try send(
                MethodID.channelClose, channel,
                amqp_channel_close_t(reply_code: 200, reply_text: arena.bytes("closed"), class_id: 0, method_id: 0))
        case .channelCloseOK: try send(MethodID.channelCloseOK, channel, amqp_channel_close_ok_t())
        case .flowOK(let active): try send(MethodID.channelFlowOK, channel, amqp_channel_flow_ok_t(active: active ? 1 : 0))
        case .qos(let prefetch):
            try send(MethodID.basicQos, channel, amqp_basic_qos_t(prefetch_size: 0, prefetch_count: prefetch, global: 0))
        case .consume(let queue, let tag, let exclusive, let arguments):
            try send(
                MethodID.basicConsume, channel,
                amqp_basic_consume_t(
                    ticket: 0, queue: arena.bytes(queue), consumer_tag: arena.bytes(tag), no_local: 0, no_ack: 0,
                    exclusive: exclusive ? 1 : 0, nowait: 0, arguments: arena.table(arguments)))
        case .confirmSelect: try send(MethodID.confirmSelect, channel, amqp_confirm_select_t(nowait: 0))
        case .get(let queue): try send(MethodID.basicGet, channel, amqp_basic_get_t(ticket: 0, queue: arena.bytes(queue), no_ack: 1))
        case .ack(let tag, let multiple):
            try send(MethodID.basicAck, channel, amqp_basic_ack_t(delivery_tag: tag, multiple: multiple ? 1 : 0))
        case .reject(let tag, let requeue):
            try send(MethodID.basicReject, channel, amqp_basic_reject_t(delivery_tag: tag, requeue: requeue ? 1 : 0))
        default: try sendTopology(method, channel)
        }
    }

    private func sendTopology(_ method: OutboundMethod, _ channel: UInt16) throws(AMQPError) {
        switch method {
        case .exchangeDeclare(let exchange):
            try send(
                MethodID.exchangeDeclare, channel,
                amqp_exchange_declare_t(
                    ticket: 0, exchange: arena.bytes(exchange.name), type: arena.bytes(exchange.kind), passive: 0,
                    durable: exchange.durable ? 1 : 0, auto_delete: exchange.autoDelete ? 1 : 0, internal: exchange.internal ? 1 : 0,
                    nowait: 0, arguments: arena.table(exchange.arguments)))
        case .exchangeDeclarePassive(let name):
            try send(
                MethodID.exchangeDeclare, channel,
                amqp_exchange_declare_t(
                    ticket: 0, exchange: arena.bytes(name), type: arena.bytes("topic"), passive: 1, durable: 0, auto_delete: 0,
                    internal: 0, nowait: 0, arguments: amqp_empty_table))
        case .exchangeDelete(let name):
            try send(
                MethodID.exchangeDelete, channel, amqp_exchange_delete_t(ticket: 0, exchange: arena.bytes(name), if_unused: 0, nowait: 0))
        case .exchangeBind(let binding):
            try send(
                MethodID.exchangeBind, channel,
                amqp_exchange_bind_t(
                    ticket: 0, destination: arena.bytes(binding.destination), source: arena.bytes(binding.source),
                    routing_key: arena.bytes(binding.routingKey), nowait: 0, arguments: arena.table(binding.arguments)))
        case .queueDeclare(let queue):
            try send(
                MethodID.queueDeclare, channel,
                amqp_queue_declare_t(
                    ticket: 0, queue: arena.bytes(queue.name), passive: 0, durable: queue.durable ? 1 : 0,
                    exclusive: queue.exclusive ? 1 : 0,
                    auto_delete: queue.autoDelete ? 1 : 0, nowait: 0, arguments: arena.table(queue.arguments)))
        case .queueDeclarePassive(let name):
            try send(
                MethodID.queueDeclare, channel,
                amqp_queue_declare_t(
                    ticket: 0, queue: arena.bytes(name), passive: 1, durable: 0, exclusive: 0, auto_delete: 0, nowait: 0,
                    arguments: amqp_empty_table))
        case .queueBind(let binding):
            try send(
                MethodID.queueBind, channel,
                amqp_queue_bind_t(
                    ticket: 0, queue: arena.bytes(binding.destination), exchange: arena.bytes(binding.source),
                    routing_key: arena.bytes(binding.routingKey), nowait: 0, arguments: arena.table(binding.arguments)))
        case .queuePurge(let name):
            try send(MethodID.queuePurge, channel, amqp_queue_purge_t(ticket: 0, queue: arena.bytes(name), nowait: 0))
        case .queueDelete(let name):
            try send(
                MethodID.queueDelete, channel,
                amqp_queue_delete_t(ticket: 0, queue: arena.bytes(name), if_unused: 0, if_empty: 0, nowait: 0))
        default: throw AMQPError(.usage, "a method without an encoding")
        }
    }

    private func send<T>(_ id: UInt32, _ channel: UInt16, _ structure: T) throws(AMQPError) {
        var structure = structure
        let status = withUnsafeMutablePointer(to: &structure) { amqp_send_method(state, channel, id, $0) }
        try check(status)
    }

    private func check(_ status: Int32) throws(AMQPError) {
        guard status == AMQP_STATUS_OK.rawValue else { throw Self.error(status, "sending failed", fallback: .connectionClosed) }
    }

    // MARK: - Publishing

    /// Bytes of the method and header frames of a message, an upper bound.
    func headSize(_ message: OutgoingMessage) -> Int {
        512 + (message.properties.headers.isEmpty ? 0 : AMQPValue.encodedSize(of: message.properties.headers))
            + message.exchange.utf8.count + message.routingKey.utf8.count
    }

    /// The header of a message must fit into one frame.
    func fits(_ message: OutgoingMessage) -> Bool { headSize(message) + 2560 <= frameMax }

    /// Sends the method and header frames of a message.
    func sendHead(_ message: OutgoingMessage, messageID: String?, channel: UInt16) throws(AMQPError) {
        spend(headSize(message))
        if let frames { return appendHead(message, messageID: messageID, channel: channel, to: frames) }
        arena.reset()
        try send(
            MethodID.basicPublish, channel,
            amqp_basic_publish_t(
                ticket: 0, exchange: arena.bytes(message.exchange), routing_key: arena.bytes(message.routingKey),
                mandatory: message.mandatory ? 1 : 0, immediate: 0))
        var properties = self.properties(message.properties, messageID: messageID)
        let status = withUnsafeMutablePointer(to: &properties) { pointer in
            var frame = amqp_frame_t()
            frame.frame_type = UInt8(AMQP_FRAME_HEADER)
            frame.channel = channel
            frame.payload.properties.class_id = 60
            frame.payload.properties.body_size = UInt64(message.body.count)
            frame.payload.properties.decoded = UnsafeMutableRawPointer(pointer)
            return amqp_send_frame(state, &frame)
        }
        try check(status)
    }

    /// Sends one body frame with a part of `body`, which must lie within it.
    func sendBody(_ body: [UInt8], _ range: Range<Int>, channel: UInt16) throws(AMQPError) {
        spend(range.count + 8)
        if let frames {
            frames.frame(3, channel: channel) { body.withUnsafeBytes { frames.append(UnsafeRawBufferPointer(rebasing: $0[range])) } }
            if frames.count >= FrameBuffer.enough { try flush() }
            return
        }
        let status = body.withUnsafeBytes { bytes in
            let part = UnsafeRawBufferPointer(rebasing: bytes[range])
            var frame = amqp_frame_t()
            frame.frame_type = UInt8(AMQP_FRAME_BODY)
            frame.channel = channel
            // The library copies from here and never writes to it.
            frame.payload.body_fragment = amqp_bytes_t(len: part.count, bytes: UnsafeMutableRawPointer(mutating: part.baseAddress))
            return amqp_send_frame(state, &frame)
        }
        try check(status)
    }

    private func properties(_ source: MessageProperties, messageID: String?) -> amqp_basic_properties_t {
        var target = amqp_basic_properties_t()
        var flags: amqp_flags_t = 0
        func set(_ bit: Int, _ value: String?, _ field: inout amqp_bytes_t) {
            guard let value else { return }
            flags |= 1 << bit
            field = arena.bytes(value)
        }
        set(15, source.contentType, &target.content_type)
        set(14, source.contentEncoding, &target.content_encoding)
        if !source.headers.isEmpty {
            flags |= 1 << 13
            target.headers = arena.table(source.headers)
        }
        flags |= 1 << 12
        target.delivery_mode = source.deliveryMode.rawValue
        if let value = source.priority {
            flags |= 1 << 11
            target.priority = value
        }
        set(10, source.correlationID, &target.correlation_id)
        set(9, source.replyTo, &target.reply_to)
        set(8, source.expiration, &target.expiration)
        set(7, messageID, &target.message_id)
        if let value = source.timestamp {
            flags |= 1 << 6
            target.timestamp = value
        }
        set(5, source.type, &target.type)
        set(4, source.userID, &target.user_id)
        set(3, source.appID, &target.app_id)
        target._flags = flags
        return target
    }
}
