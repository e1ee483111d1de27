// The methods of class `channel` (20), field by field as AMQP 0-9-1 lists them; `MethodTableTests` compares `layout` with the
// machine-readable specification. Reserved fields are read over, and written as zero.

/// `channel.open`, sent to the server.
package struct ChannelOpen: ReservedFieldMethod {
    package static let id = MethodID.channelOpen
    package typealias Reserved = String

    package init() {}
}

/// `channel.open-ok`, sent to the client.
package struct ChannelOpenOK: ReservedFieldMethod {
    package static let id = MethodID.channelOpenOK
    package typealias Reserved = [UInt8]

    package init() {}
}

/// `channel.flow`, sent by either side.
package struct ChannelFlow: SingleFieldMethod {
    package static let id = MethodID.channelFlow
    package static let fieldName = "active"

    package var active: Bool
    package var field: Bool { active }

    package init(active: Bool = false) { self.active = active }

    package init(field: Bool) { active = field }
}

/// `channel.flow-ok`, sent by either side.
package struct ChannelFlowOK: SingleFieldMethod {
    package static let id = MethodID.channelFlowOK
    package static let fieldName = "active"

    package var active: Bool
    package var field: Bool { active }

    package init(active: Bool = false) { self.active = active }

    package init(field: Bool) { active = field }
}

/// `channel.close`, sent by either side.
package struct ChannelClose: CloseMethod {
    package static let id = MethodID.channelClose

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
}

/// `channel.close-ok`, sent by either side.
package struct ChannelCloseOK: BareMethod {
    package static let id = MethodID.channelCloseOK

    package init() {}
}
