internal import NIOCore

/// How a message stands in the log, behind the record's header.
///
/// ```
/// slots u32, settlements u32, body u32, properties u32, exchange u16, routing key u16, priority u8, blind keys u24,
/// expiration i64
/// slots        24 bytes each: queue u32, delivery count u32, position u64, expiry i64
/// settlements  24 bytes each: what the message settles where it comes from (dead-lettering, relocation)
/// exchange, routing key, properties, body
/// blind keys   those of the header `BCC`, each a length u8 and its bytes; nearly always none
/// padding
/// ```
struct MessageRecord {
    /// Bits of the record's flags.
    enum Flag {
        /// Paged out to save memory; recovery drops it.
        static let transient: UInt8 = 1
        static let persistent: UInt8 = 2
        static let headers: UInt8 = 4
        static let expiration: UInt8 = 8
    }

    struct Slot: Equatable {
        var slot: QueueSlot
        var deliveryCount: UInt32

        static let size = 24

        func encode(into writer: inout LogWriter) {
            writer.put(slot.queue.rawValue)
            writer.put(deliveryCount)
            writer.put(slot.position)
            writer.put(slot.expiresAt)
        }

        static func read(_ reader: inout LogReader) -> Slot? {
            guard let queue = reader.get(UInt32.self), let count = reader.get(UInt32.self),
                let position = reader.get(UInt64.self), let expiresAt = reader.get(Int64.self)
            else { return nil }
            return Slot(
                slot: QueueSlot(queue: QueueID(rawValue: queue), position: position, expiresAt: expiresAt),
                deliveryCount: count)
        }
    }

    static let fixedSize = 32

    var message: Message
    var slots: [Slot]
    var settlements: [Settlement]
    var isTransient: Bool

    /// Bytes of the whole record.
    var length: Int {
        SegmentFormat.aligned(
            RecordHeader.size + Self.fixedSize + slots.count * Slot.size + settlements.count * Settlement.size
                + min(message.exchange.utf8.count, Int(UInt16.max)) + min(message.routingKey.utf8.count, Int(UInt16.max))
                + message.properties.readableBytes + message.body.readableBytes + blindKeyBytes)
    }

    private var blindKeyBytes: Int {
        message.blindKeys.isEmpty ? 0 : message.blindKeys.reduce(0) { $0 + 1 + min($1.utf8.count, Int(UInt8.max)) }
    }

    var flags: UInt8 {
        var flags: UInt8 = isTransient ? Flag.transient : 0
        if message.attributes.isPersistent { flags |= Flag.persistent }
        if message.attributes.hasHeaders { flags |= Flag.headers }
        if message.attributes.expiration != nil { flags |= Flag.expiration }
        return flags
    }

    /// Writes the record, but for its header, into memory of `length` bytes.
    func encode(into record: UnsafeMutableRawBufferPointer) {
        var writer = LogWriter(record, at: RecordHeader.size)
        writer.put(UInt32(slots.count))
        writer.put(UInt32(settlements.count))
        writer.put(UInt32(message.body.readableBytes))
        writer.put(UInt32(message.properties.readableBytes))
        writer.put(UInt16(clamping: message.exchange.utf8.count))
        writer.put(UInt16(clamping: message.routingKey.utf8.count))
        // Fits: the header that the keys come from was received in one frame.
        writer.put(UInt32(message.attributes.priority) | UInt32(truncatingIfNeeded: blindKeyBytes) << 8)
        writer.put(message.attributes.expiration ?? 0)
        for slot in slots { slot.encode(into: &writer) }
        for settlement in settlements { settlement.encode(into: &writer) }
        Self.put(message.exchange, into: &writer)
        Self.put(message.routingKey, into: &writer)
        message.properties.withUnsafeReadableBytes { writer.put(bytes: $0) }
        message.body.withUnsafeReadableBytes { writer.put(bytes: $0) }
        for key in message.blindKeys {
            let bytes = Array(key.utf8.prefix(Int(UInt8.max)))
            writer.put(UInt8(bytes.count))
            bytes.withUnsafeBytes { writer.put(bytes: $0) }
        }
        writer.pad(to: record.count)
    }

    /// Names are short strings of the protocol (at most 255 bytes); longer ones, which cannot come from there, are cut.
    private static func put(_ text: String, into writer: inout LogWriter) {
        var text = text
        text.withUTF8 { bytes in
            writer.put(bytes: UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes.prefix(Int(UInt16.max)))))
        }
    }

    /// The numbers at the start of a record.
    struct Head {
        var slotCount: Int
        var settlementCount: Int
        var bodyLength: Int
        var propertiesLength: Int
        var exchangeLength: Int
        var routingKeyLength: Int
        var priority: UInt8
        var blindKeysLength: Int
        var expiration: Int64

        /// Reads them from a whole record; nil if they do not add up to its length.
        init?(_ record: UnsafeRawBufferPointer) {
            var reader = LogReader(record, at: min(RecordHeader.size, record.count))
            guard let slots = reader.get(UInt32.self), let settlements = reader.get(UInt32.self),
                let body = reader.get(UInt32.self), let properties = reader.get(UInt32.self),
                let exchange = reader.get(UInt16.self), let routingKey = reader.get(UInt16.self),
                let priority = reader.get(UInt32.self), let expiration = reader.get(Int64.self)
            else { return nil }
            slotCount = Int(slots)
            settlementCount = Int(settlements)
            bodyLength = Int(body)
            propertiesLength = Int(properties)
            exchangeLength = Int(exchange)
            routingKeyLength = Int(routingKey)
            self.priority = UInt8(truncatingIfNeeded: priority)
            blindKeysLength = Int(priority >> 8)
            self.expiration = expiration
            let contents = exchangeLength + routingKeyLength + propertiesLength + bodyLength + blindKeysLength
            guard namesOffset + contents <= record.count else { return nil }
        }

        var slotsOffset: Int { RecordHeader.size + MessageRecord.fixedSize }
        var settlementsOffset: Int { slotsOffset + slotCount * Slot.size }
        var namesOffset: Int { settlementsOffset + settlementCount * Settlement.size }
    }

    /// Decodes a message from its record, whose checksum was verified. Properties and body are slices of `record`.
    static func decodeMessage(_ record: ByteBuffer, flags: UInt8) -> Message? {
        guard let head = record.withUnsafeReadableBytes({ Head($0) }) else { return nil }
        var rest = record
        rest.moveReaderIndex(forwardBy: head.namesOffset)
        guard let exchange = rest.readString(length: head.exchangeLength),
            let routingKey = rest.readString(length: head.routingKeyLength),
            let properties = rest.readSlice(length: head.propertiesLength),
            let body = rest.readSlice(length: head.bodyLength),
            let blindKeys = readBlindKeys(&rest, head.blindKeysLength)
        else { return nil }
        var attributes = MessageAttributes()
        attributes.isPersistent = flags & Flag.persistent != 0
        attributes.priority = head.priority
        attributes.hasHeaders = flags & Flag.headers != 0
        if flags & Flag.expiration != 0 { attributes.expiration = head.expiration }
        return Message(
            exchange: exchange, routingKey: routingKey, properties: properties, body: body, attributes: attributes,
            blindKeys: blindKeys)
    }

    private static func readBlindKeys(_ record: inout ByteBuffer, _ length: Int) -> [String]? {
        guard length > 0 else { return [] }
        guard var bytes = record.readSlice(length: length) else { return nil }
        var keys: [String] = []
        while let count = bytes.readInteger(as: UInt8.self) {
            guard let key = bytes.readString(length: Int(count)) else { return nil }
            keys.append(key)
        }
        return keys
    }
}
