/// One pass over a message's properties as it comes in: checks them, and finds what the broker must know.
package struct PropertyScan {
    package var attributes = MessageAttributes()
    /// Whether `reply-to` is the pseudo-queue of direct replies.
    package var wantsDirectReply = false
    /// The `user-id` that the publisher claims, as bytes of the scanned memory; nil where there is none.
    package var userID: UnsafeRawBufferPointer?

    /// The queue name that stands for "the consumer of direct replies on my channel".
    package static let directReplyTo = "amq.rabbitmq.reply-to"

    /// - Parameter bytes: flags and property list; the scan's `userID` points into them.
    /// - Throws: 501 or 502 where they are malformed, 406 for an expiration that is no number of milliseconds.
    package init(
        _ bytes: UnsafeRawBufferPointer, tableDepth: Int = TableLimits.depth
    ) throws(ProtocolFault) {
        var reader = WireReader(bytes, tableDepth: tableDepth)
        let flags = try reader.short()
        if flags == PropertyFlag.deliveryMode {  // what most publishers send
            attributes.isPersistent = try Self.isPersistent(reader.octet())
        } else if flags != 0 {
            try scan(flags, &reader)
        }
        guard reader.isAtEnd else { throw ProtocolFault(.frameError, "bytes after the last property") }
    }

    private mutating func scan(_ flags: UInt16, _ reader: inout WireReader) throws(ProtocolFault) {
        if flags & PropertyFlag.unassigned != 0 { throw Self.unknownFlags }
        if flags & PropertyFlag.contentType != 0 { _ = try reader.shortBytes() }
        if flags & PropertyFlag.contentEncoding != 0 { _ = try reader.shortBytes() }
        if flags & PropertyFlag.headers != 0 {
            try reader.skipTable()
            attributes.hasHeaders = true
        }
        if flags & PropertyFlag.deliveryMode != 0 { attributes.isPersistent = try Self.isPersistent(reader.octet()) }
        if flags & PropertyFlag.priority != 0 { attributes.priority = try reader.octet() }
        if flags & PropertyFlag.correlationID != 0 { _ = try reader.shortBytes() }
        if flags & PropertyFlag.replyTo != 0 {
            wantsDirectReply = try reader.shortBytes().elementsEqual(Self.directReplyTo.utf8)
        }
        if flags & PropertyFlag.expiration != 0 {
            attributes.expiration = try Self.expiration(String(decoding: reader.shortBytes(), as: UTF8.self))
        }
        if flags & PropertyFlag.messageID != 0 { _ = try reader.shortBytes() }
        if flags & PropertyFlag.timestamp != 0 { _ = try reader.longLong() }
        if flags & PropertyFlag.type != 0 { _ = try reader.shortBytes() }
        if flags & PropertyFlag.userID != 0 { userID = try reader.shortBytes() }
        if flags & PropertyFlag.appID != 0 { _ = try reader.shortBytes() }
        if flags & PropertyFlag.clusterID != 0 { _ = try reader.shortBytes() }
    }

    /// - Throws: 406 where the delivery mode is neither 1 (transient) nor 2 (persistent), as RabbitMQ says it.
    @inline(__always)
    static func isPersistent(_ deliveryMode: UInt8) throws(ProtocolFault) -> Bool {
        if deliveryMode == 2 { return true }
        guard deliveryMode == 1 else {
            throw ProtocolFault(.preconditionFailed, "invalid message: {delivery_mode_unknown,\(deliveryMode)}")
        }
        return false
    }

    /// The milliseconds of the property `expiration`, which is a text.
    ///
    /// - Throws: 406 where it is no number from 0 to ten years.
    static func expiration(_ text: String) throws(ProtocolFault) -> Int64 {
        guard let value = Int64(text) else {
            throw ProtocolFault(.preconditionFailed, "invalid expiration '\(text)': no_integer")
        }
        if let reason = TimeToLive.refusal(milliseconds: value) {
            throw ProtocolFault(.preconditionFailed, "invalid expiration '\(text)': \(reason)")
        }
        return value
    }

    static var unknownFlags: ProtocolFault { ProtocolFault(.syntaxError, "property flags that class basic does not have") }
}
