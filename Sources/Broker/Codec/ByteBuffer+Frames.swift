package import NIOCore

/// Writing whole frames to a connection's outbound buffer.
extension ByteBuffer {
    /// A method frame.
    package mutating func writeMethod(_ method: some Method, channel: UInt16) {
        let start = writerIndex
        writeInteger(FrameType.method)
        writeInteger(channel)
        writeInteger(UInt32(0))
        writeInteger(type(of: method).id.rawValue)
        method.write(to: &self)
        setInteger(UInt32(truncatingIfNeeded: writerIndex - start - FrameLayout.headerSize), at: start + 3)
        writeInteger(FrameLayout.end)
    }

    package mutating func writeHeartbeat() {
        writeInteger(FrameType.heartbeat)
        writeInteger(UInt16(0))
        writeInteger(UInt32(0))
        writeInteger(FrameLayout.end)
    }

    /// The content header and the body frames of a message, each at most `frameMax` bytes.
    package mutating func writeContent(properties: ByteBuffer, body: ByteBuffer, channel: UInt16, frameMax: Int) {
        let propertyCount = properties.readableBytes
        var left = body.readableBytes
        let share = frameMax - FrameLayout.overhead
        let frames = (left + share - 1) / share
        let needed = FrameLayout.contentHeaderSize + propertyCount + left + (frames + 1) * FrameLayout.overhead
        writeWithUnsafeMutableBytes(minimumWritableBytes: needed) { target in
            var writer = RawWriter(target)
            writer.octet(FrameType.header)
            writer.short(channel)
            writer.long(UInt32(truncatingIfNeeded: FrameLayout.contentHeaderSize + propertyCount))
            writer.long(UInt32(MethodID.basicPublish.classID) << 16)
            writer.longLong(UInt64(left))
            properties.withUnsafeReadableBytes { writer.copy($0) }
            writer.octet(FrameLayout.end)
            body.withUnsafeReadableBytes { source in
                var offset = 0
                while left > 0 {
                    let count = min(left, share)
                    writer.octet(FrameType.body)
                    writer.short(channel)
                    writer.long(UInt32(truncatingIfNeeded: count))
                    writer.copy(UnsafeRawBufferPointer(rebasing: source[offset..<offset + count]))
                    writer.octet(FrameLayout.end)
                    offset += count
                    left -= count
                }
            }
            return writer.count
        }
    }

    /// `basic.deliver` without a detour over a method value: the frame that is written most.
    package mutating func writeDeliver(
        consumerTag: String, deliveryTag: UInt64, redelivered: Bool, exchange: String, routingKey: String, channel: UInt16
    ) {
        guard exchange.utf8.count <= 255, routingKey.utf8.count <= 255 else {
            // A dead-letter routing key is a long string in the queue's arguments.
            writeMethod(
                BasicDeliver(
                    consumerTag: consumerTag, deliveryTag: deliveryTag, redelivered: redelivered, exchange: exchange,
                    routingKey: routingKey), channel: channel)
            return
        }
        let strings = consumerTag.utf8.count + exchange.utf8.count + routingKey.utf8.count
        let payload = 4 + 8 + 1 + 3 + strings
        writeWithUnsafeMutableBytes(minimumWritableBytes: payload + FrameLayout.overhead) { target in
            var writer = RawWriter(target)
            writer.octet(FrameType.method)
            writer.short(channel)
            writer.long(UInt32(truncatingIfNeeded: payload))
            writer.long(MethodID.basicDeliver.rawValue)
            writer.shortString(consumerTag)
            writer.longLong(deliveryTag)
            writer.octet(redelivered ? 1 : 0)
            writer.shortString(exchange)
            writer.shortString(routingKey)
            writer.octet(FrameLayout.end)
            return writer.count
        }
    }

    /// `basic.ack` to a publisher.
    package mutating func writeAck(_ tag: UInt64, multiple: Bool, channel: UInt16) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: 21) { target in
            var writer = RawWriter(target)
            writer.octet(FrameType.method)
            writer.short(channel)
            writer.long(13)
            writer.long(MethodID.basicAck.rawValue)
            writer.longLong(tag)
            writer.octet(multiple ? 1 : 0)
            writer.octet(FrameLayout.end)
            return writer.count
        }
    }
}
