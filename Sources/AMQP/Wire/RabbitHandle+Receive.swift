import CRabbitMQ

extension RabbitHandle {
    /// The next frame if one is there; never waits. The library serves heartbeats in this call.
    func receive() throws(AMQPError) -> InboundFrame? {
        while true {
            var frame = amqp_frame_t()
            var zero = Duration.zero.timeval
            let status = amqp_simple_wait_frame_noblock(state, &frame, &zero)
            if status == AMQP_STATUS_TIMEOUT.rawValue { return nil }
            guard status == AMQP_STATUS_OK.rawValue else {
                throw Self.error(status, "the connection was lost", fallback: .connectionClosed)
            }
            switch Int32(frame.frame_type) {
            case AMQP_FRAME_METHOD:
                return .method(channel: frame.channel, try method(frame.payload.method))
            case AMQP_FRAME_HEADER:
                guard let decoded = frame.payload.properties.decoded else {
                    throw AMQPError(.protocol, "a header frame without properties")
                }
                let properties = decoded.assumingMemoryBound(to: amqp_basic_properties_t.self)
                return .header(channel: frame.channel, size: frame.payload.properties.body_size, self.properties(properties))
            case AMQP_FRAME_BODY:
                let fragment = frame.payload.body_fragment
                return .body(
                    channel: frame.channel, UnsafeRawBufferPointer(start: fragment.bytes, count: fragment.bytes == nil ? 0 : fragment.len))
            case AMQP_FRAME_HEARTBEAT: continue
            default: throw AMQPError(.protocol, "a frame of the unknown type \(frame.frame_type)")
            }
        }
    }

    /// Whether ``receive()`` may have a frame without asking the socket, which the loop does better: it asks for all connections with
    /// one call. What the library decrypts it would keep where it cannot be seen; OpenSSL keeps nothing while a record, 16 KiB, fits
    /// librabbitmq's buffer, 128 KiB, so no test fails without that part.
    var mayHaveReceived: Bool {
        frames == nil || amqp_data_in_buffer(state) != 0 || amqp_frames_enqueued(state) != 0
    }

    /// Gives the memory of the frames read on a channel back; what they pointed to is gone.
    func release(channel: UInt16) { amqp_maybe_release_buffers_on_channel(state, channel) }

    private func method(_ method: amqp_method_t) throws(AMQPError) -> InboundMethod {
        guard let decoded = method.decoded else { throw AMQPError(.protocol, "an undecodable method \(method.id)") }
        func read<T>(_ type: T.Type) -> T { decoded.assumingMemoryBound(to: type).pointee }
        switch method.id {
        case MethodID.basicDeliver:
            let m = read(amqp_basic_deliver_t.self)
            return .content(
                .delivery(
                    tag: m.delivery_tag, redelivered: m.redelivered != 0, exchange: exchanges.text(m.exchange),
                    routingKey: routingKeys.text(m.routing_key)))
        case MethodID.basicAck:
            let m = read(amqp_basic_ack_t.self)
            return .ack(tag: m.delivery_tag, multiple: m.multiple != 0)
        case MethodID.basicNack:
            let m = read(amqp_basic_nack_t.self)
            return .nack(tag: m.delivery_tag, multiple: m.multiple != 0)
        case MethodID.basicReturn:
            let m = read(amqp_basic_return_t.self)
            return .content(
                .returned(code: m.reply_code, text: String(m.reply_text), exchange: String(m.exchange), routingKey: String(m.routing_key)))
        case MethodID.basicGetOK:
            let m = read(amqp_basic_get_ok_t.self)
            return .content(
                .got(tag: m.delivery_tag, redelivered: m.redelivered != 0, exchange: String(m.exchange), routingKey: String(m.routing_key)))
        case MethodID.basicGetEmpty: return .getEmpty
        case MethodID.basicCancel: return .cancel(consumerTag: String(read(amqp_basic_cancel_t.self).consumer_tag))
        case MethodID.basicQosOK: return .qosOK
        case MethodID.basicConsumeOK: return .consumeOK
        case MethodID.confirmSelectOK: return .confirmSelectOK
        case MethodID.connectionBlocked: return .blocked(reason: String(read(amqp_connection_blocked_t.self).reason))
        case MethodID.connectionUnblocked: return .unblocked
        case MethodID.connectionClose:
            let m = read(amqp_connection_close_t.self)
            return .connectionClose(code: m.reply_code, text: String(m.reply_text))
        case MethodID.connectionCloseOK: return .connectionCloseOK
        case MethodID.channelOpenOK: return .channelOpenOK
        case MethodID.channelClose:
            let m = read(amqp_channel_close_t.self)
            return .channelClose(code: m.reply_code, text: String(m.reply_text))
        case MethodID.channelCloseOK: return .channelCloseOK
        case MethodID.channelFlow: return .flow(active: read(amqp_channel_flow_t.self).active != 0)
        case MethodID.exchangeDeclareOK: return .exchangeDeclareOK
        case MethodID.exchangeDeleteOK: return .exchangeDeleteOK
        case MethodID.exchangeBindOK: return .exchangeBindOK
        case MethodID.queueDeclareOK:
            let m = read(amqp_queue_declare_ok_t.self)
            return .queueDeclareOK(messages: m.message_count, consumers: m.consumer_count)
        case MethodID.queueBindOK: return .queueBindOK
        case MethodID.queuePurgeOK: return .queuePurgeOK(messages: read(amqp_queue_purge_ok_t.self).message_count)
        case MethodID.queueDeleteOK: return .queueDeleteOK(messages: read(amqp_queue_delete_ok_t.self).message_count)
        default: return .unknown(method.id)
        }
    }

    private func properties(_ pointer: UnsafePointer<amqp_basic_properties_t>) -> MessageProperties {
        let flags = pointer.pointee._flags
        func has(_ bit: amqp_flags_t) -> Bool { flags & (1 << bit) != 0 }
        var result = MessageProperties(deliveryMode: .transient)
        if has(15) { result.contentType = contentTypes.text(pointer.pointee.content_type) }
        if has(14) { result.contentEncoding = String(pointer.pointee.content_encoding) }
        if has(13) { result.headers = AMQPValue.table(pointer.pointee.headers) }
        if has(12) { result.deliveryMode = MessageProperties.DeliveryMode(rawValue: pointer.pointee.delivery_mode) ?? .transient }
        if has(11) { result.priority = pointer.pointee.priority }
        if has(10) { result.correlationID = String(pointer.pointee.correlation_id) }
        if has(9) { result.replyTo = String(pointer.pointee.reply_to) }
        if has(8) { result.expiration = String(pointer.pointee.expiration) }
        if has(7) { result.messageID = String(pointer.pointee.message_id) }
        if has(6) { result.timestamp = pointer.pointee.timestamp }
        if has(5) { result.type = String(pointer.pointee.type) }
        if has(4) { result.userID = String(pointer.pointee.user_id) }
        if has(3) { result.appID = String(pointer.pointee.app_id) }
        return result
    }
}
