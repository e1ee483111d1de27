package import NIOCore

extension BasicProperties {
    /// Reads flags and property list of a message that was let in: whatever `PropertyScan` accepts can be read here.
    ///
    /// - Throws: 501 or 502 where they are malformed.
    package init(from buffer: ByteBuffer) throws(ProtocolFault) {
        self.init()
        let result: Result<BasicProperties, ProtocolFault> = buffer.withUnsafeReadableBytes { bytes in
            var reader = WireReader(bytes, tableDepth: TableLimits.deepest)
            do throws(ProtocolFault) { return .success(try BasicProperties(from: &reader)) } catch { return .failure(error) }
        }
        self = try result.get()
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        self.init()
        let flags = try reader.short()
        if flags & PropertyFlag.unassigned != 0 { throw PropertyScan.unknownFlags }
        if flags & PropertyFlag.contentType != 0 { contentType = try reader.repairedString() }
        if flags & PropertyFlag.contentEncoding != 0 { contentEncoding = try reader.repairedString() }
        if flags & PropertyFlag.headers != 0 { headers = try reader.table() }
        if flags & PropertyFlag.deliveryMode != 0 { deliveryMode = try reader.octet() }
        if flags & PropertyFlag.priority != 0 { priority = try reader.octet() }
        if flags & PropertyFlag.correlationID != 0 { correlationID = try reader.repairedString() }
        if flags & PropertyFlag.replyTo != 0 { replyTo = try reader.repairedString() }
        if flags & PropertyFlag.expiration != 0 { expiration = try reader.repairedString() }
        if flags & PropertyFlag.messageID != 0 { messageID = try reader.repairedString() }
        if flags & PropertyFlag.timestamp != 0 { timestamp = try reader.longLong() }
        if flags & PropertyFlag.type != 0 { type = try reader.repairedString() }
        if flags & PropertyFlag.userID != 0 { userID = try reader.repairedString() }
        if flags & PropertyFlag.appID != 0 { appID = try reader.repairedString() }
        if flags & PropertyFlag.clusterID != 0 { clusterID = try reader.repairedString() }
    }

    /// Flags and property list.
    package func encoded() -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeInteger(UInt16(0))
        var flags: UInt16 = 0
        func text(_ value: String?, _ flag: UInt16) {
            guard let value else { return }
            flags |= flag
            buffer.writeShortString(value)
        }
        func number(_ value: (some FixedWidthInteger)?, _ flag: UInt16) {
            guard let value else { return }
            flags |= flag
            buffer.writeInteger(value)
        }
        text(contentType, PropertyFlag.contentType)
        text(contentEncoding, PropertyFlag.contentEncoding)
        if let headers {
            flags |= PropertyFlag.headers
            buffer.writeTable(headers)
        }
        number(deliveryMode, PropertyFlag.deliveryMode)
        number(priority, PropertyFlag.priority)
        text(correlationID, PropertyFlag.correlationID)
        text(replyTo, PropertyFlag.replyTo)
        text(expiration, PropertyFlag.expiration)
        text(messageID, PropertyFlag.messageID)
        number(timestamp, PropertyFlag.timestamp)
        text(type, PropertyFlag.type)
        text(userID, PropertyFlag.userID)
        text(appID, PropertyFlag.appID)
        text(clusterID, PropertyFlag.clusterID)
        buffer.setInteger(flags, at: 0)
        return buffer
    }
}
