import CRabbitMQ

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// Publishing without the library, on connections that it does not encrypt. It keeps reading and answering heartbeats: whole frames
/// of both sides take turns on the socket.
extension RabbitHandle {
    /// Makes the method and header frames of a message.
    func appendHead(_ message: OutgoingMessage, messageID: String?, channel: UInt16, to frames: FrameBuffer) {
        frames.frame(1, channel: channel) {
            frames.append(MethodID.basicPublish)
            frames.append(UInt16(0))
            frames.append(short: message.exchange)
            frames.append(short: message.routingKey)
            frames.append(message.mandatory ? 1 as UInt8 : 0)
        }
        frames.frame(2, channel: channel) {
            frames.append(UInt16(60))
            frames.append(UInt16(0))
            frames.append(UInt64(message.body.count))
            append(message.properties, messageID: messageID, to: frames)
        }
    }

    private func append(_ source: MessageProperties, messageID: String?, to frames: FrameBuffer) {
        var flags: UInt16 = 1 << 12
        func has(_ bit: UInt16, _ isThere: Bool) { if isThere { flags |= 1 << bit } }
        has(15, source.contentType != nil)
        has(14, source.contentEncoding != nil)
        has(13, !source.headers.isEmpty)
        has(11, source.priority != nil)
        has(10, source.correlationID != nil)
        has(9, source.replyTo != nil)
        has(8, source.expiration != nil)
        has(7, messageID != nil)
        has(6, source.timestamp != nil)
        has(5, source.type != nil)
        has(4, source.userID != nil)
        has(3, source.appID != nil)
        frames.append(flags)
        // In the order of the bits.
        if let value = source.contentType { frames.append(short: value) }
        if let value = source.contentEncoding { frames.append(short: value) }
        if !source.headers.isEmpty { frames.append(source.headers) }
        frames.append(source.deliveryMode.rawValue)
        if let value = source.priority { frames.append(value) }
        if let value = source.correlationID { frames.append(short: value) }
        if let value = source.replyTo { frames.append(short: value) }
        if let value = source.expiration { frames.append(short: value) }
        if let value = messageID { frames.append(short: value) }
        if let value = source.timestamp { frames.append(value) }
        if let value = source.type { frames.append(short: value) }
        if let value = source.userID { frames.append(short: value) }
        if let value = source.appID { frames.append(short: value) }
    }

    /// Sends the frames that were held back. There is room for them: whoever appended them had asked.
    func flush() throws(AMQPError) {
        guard let frames else { return }
        if let failure = frames.failure { throw failure }
        while frames.count > 0 {
            let sent = Self.send(descriptor, frames.bytes)
            if sent > 0 {
                frames.drop(sent)
            } else if errno == EAGAIN || errno == EWOULDBLOCK {
                // Half a frame helps nobody: like the library, wait for the socket. Closing the client ends the wait.
                var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&entry, 1, 1000)
            } else if errno != EINTR {
                // A part may have gone out: nothing that follows would make sense.
                let failure = AMQPError(.connectionClosed, "sending failed: \(String(cString: strerror(errno)))")
                frames.failure = failure
                throw failure
            }
        }
    }

    private static func send(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Darwin)
            Darwin.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT))
        #elseif canImport(Musl)
            Musl.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        #else
            Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        #endif
    }
}
