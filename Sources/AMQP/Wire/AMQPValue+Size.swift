extension AMQPValue {
    /// Bytes that a table takes on the wire, its length field included.
    package static func encodedSize(of table: AMQPTable) -> Int {
        table.reduce(4) { $0 + 1 + $1.key.utf8.count + $1.value.encodedSize }
    }

    /// Bytes on the wire, the type octet included.
    package var encodedSize: Int {
        switch self {
        case .null: 1
        case .bool, .int8, .uint8: 2
        case .int16, .uint16: 3
        case .int32, .uint32, .float: 5
        case .int64, .uint64, .double, .timestamp: 9
        case .decimal: 6
        case .string(let text): 5 + text.utf8.count
        case .bytes(let bytes): 5 + bytes.count
        case .array(let values): values.reduce(5) { $0 + $1.encodedSize }
        case .table(let table): 1 + AMQPValue.encodedSize(of: table)
        }
    }

    /// What keeps a table from being sent: an overlong name, or more nesting than brokers take.
    package static func flaw(of table: AMQPTable, depth: Int = 0) -> String? {
        if depth > 32 { return "a table is nested more than 32 deep" }
        for (name, value) in table {
            if name.utf8.count > 255 { return "a name in a table has more than 255 bytes" }
            if let flaw = value.flaw(depth: depth) { return flaw }
        }
        return depth == 0 && encodedSize(of: table) > 64 << 10 ? "a table has more than 64 KiB" : nil
    }

    private func flaw(depth: Int) -> String? {
        switch self {
        case .table(let table): return AMQPValue.flaw(of: table, depth: depth + 1)
        case .array(let values):
            if depth >= 32 { return "a table is nested more than 32 deep" }
            for value in values { if let flaw = value.flaw(depth: depth + 1) { return flaw } }
            return nil
        default: return nil
        }
    }

    package static func flaw(ofName name: String, _ what: String) -> String? {
        name.utf8.count > 255 ? "the \(what) has more than 255 bytes" : nil
    }
}

extension OutgoingMessage {
    /// What keeps the message from being sent, if anything.
    package var flaw: String? {
        if let flaw = AMQPValue.flaw(ofName: exchange, "exchange") ?? AMQPValue.flaw(ofName: routingKey, "routing key") { return flaw }
        return properties.flaw
    }
}

extension MessageProperties {
    package var flaw: String? {
        if isTooLong(contentType) || isTooLong(contentEncoding) || isTooLong(correlationID) || isTooLong(replyTo)
            || isTooLong(expiration) || isTooLong(messageID) || isTooLong(type) || isTooLong(userID) || isTooLong(appID)
        {
            return "a property has more than 255 bytes"
        }
        return headers.isEmpty ? nil : AMQPValue.flaw(of: headers)
    }

    private func isTooLong(_ text: String?) -> Bool {
        guard let text else { return false }
        return text.utf8.count > 255
    }
}
