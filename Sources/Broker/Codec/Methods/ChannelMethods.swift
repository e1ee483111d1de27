package import NIOCore

// The methods of class `channel` (20), field by field as AMQP 0-9-1 lists them; `MethodTableTests` compares `layout` with the
// machine-readable specification. Reserved fields are read over, and written as zero.

/// `channel.open`, sent to the server.
package struct ChannelOpen: Method {
    package static let id = MethodID.channelOpen
    package static let layout: [MethodField] = [.shortString("reserved-1")]

    package init() {}

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        _ = try reader.shortString()
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeShortString("")
    }
}

/// `channel.open-ok`, sent to the client.
package struct ChannelOpenOK: Method {
    package static let id = MethodID.channelOpenOK
    package static let layout: [MethodField] = [.longString("reserved-1")]

    package init() {}

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        _ = try reader.longString()
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeLongString([])
    }
}

/// `channel.flow`, sent by either side.
package struct ChannelFlow: Method {
    package static let id = MethodID.channelFlow
    package static let layout: [MethodField] = [.bit("active")]

    package var active: Bool

    package init(active: Bool = false) {
        self.active = active
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        let bits = try reader.octet()
        active = bits & 1 != 0
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeBits(active)
    }
}

/// `channel.flow-ok`, sent by either side.
package struct ChannelFlowOK: Method {
    package static let id = MethodID.channelFlowOK
    package static let layout: [MethodField] = [.bit("active")]

    package var active: Bool

    package init(active: Bool = false) {
        self.active = active
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        let bits = try reader.octet()
        active = bits & 1 != 0
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeBits(active)
    }
}

/// `channel.close`, sent by either side.
package struct ChannelClose: Method {
    package static let id = MethodID.channelClose
    package static let layout: [MethodField] = [
        .short("reply-code"), .shortString("reply-text"), .short("class-id"), .short("method-id")
    ]

    package var replyCode: UInt16
    package var replyText: String
    package var classID: UInt16
    package var methodID: UInt16

    package init(replyCode: UInt16 = 0, replyText: String = "", classID: UInt16 = 0, methodID: UInt16 = 0) {
        self.replyCode = replyCode
        self.replyText = replyText
        self.classID = classID
        self.methodID = methodID
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        replyCode = try reader.short()
        replyText = try reader.shortString()
        classID = try reader.short()
        methodID = try reader.short()
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(replyCode)
        buffer.writeShortString(replyText)
        buffer.writeInteger(classID)
        buffer.writeInteger(methodID)
    }
}

/// `channel.close-ok`, sent by either side.
package struct ChannelCloseOK: BareMethod {
    package static let id = MethodID.channelCloseOK

    package init() {}
}
