package import NIOCore

// The methods of class `connection` (10), field by field as AMQP 0-9-1 lists them; `MethodTableTests` compares `layout` with the
// machine-readable specification. Reserved fields are read over, and written as zero.

/// `connection.start`, sent to the client.
package struct ConnectionStart: Method {
    package static let id = MethodID.connectionStart
    package static let layout: [MethodField] = [
        .octet("version-major"), .octet("version-minor"), .table("server-properties"), .longString("mechanisms"),
        .longString("locales"),
    ]

    package var versionMajor: UInt8
    package var versionMinor: UInt8
    package var serverProperties: FieldTable
    package var mechanisms: [UInt8]
    package var locales: [UInt8]

    package init(
        versionMajor: UInt8 = 0, versionMinor: UInt8 = 0, serverProperties: FieldTable = [:], mechanisms: [UInt8] = [],
        locales: [UInt8] = []
    ) {
        self.versionMajor = versionMajor
        self.versionMinor = versionMinor
        self.serverProperties = serverProperties
        self.mechanisms = mechanisms
        self.locales = locales
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        versionMajor = try reader.octet()
        versionMinor = try reader.octet()
        serverProperties = try reader.table()
        mechanisms = try reader.longString()
        locales = try reader.longString()
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(versionMajor)
        buffer.writeInteger(versionMinor)
        buffer.writeTable(serverProperties)
        buffer.writeLongString(mechanisms)
        buffer.writeLongString(locales)
    }
}

/// `connection.start-ok`, sent to the server.
package struct ConnectionStartOK: Method {
    package static let id = MethodID.connectionStartOK
    package static let layout: [MethodField] = [
        .table("client-properties"), .shortString("mechanism"), .longString("response"), .shortString("locale"),
    ]

    package var clientProperties: FieldTable
    package var mechanism: String
    package var response: [UInt8]
    package var locale: String

    package init(clientProperties: FieldTable = [:], mechanism: String = "", response: [UInt8] = [], locale: String = "") {
        self.clientProperties = clientProperties
        self.mechanism = mechanism
        self.response = response
        self.locale = locale
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        clientProperties = try reader.table()
        mechanism = try reader.shortString()
        response = try reader.longString()
        locale = try reader.shortString()
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeTable(clientProperties)
        buffer.writeShortString(mechanism)
        buffer.writeLongString(response)
        buffer.writeShortString(locale)
    }
}

/// `connection.secure`, sent to the client.
package struct ConnectionSecure: SingleFieldMethod {
    package static let id = MethodID.connectionSecure
    package static let fieldName = "challenge"

    package var challenge: [UInt8]
    package var field: [UInt8] { challenge }

    package init(challenge: [UInt8] = []) { self.challenge = challenge }

    package init(field: [UInt8]) { challenge = field }
}

/// `connection.secure-ok`, sent to the server.
package struct ConnectionSecureOK: SingleFieldMethod {
    package static let id = MethodID.connectionSecureOK
    package static let fieldName = "response"

    package var response: [UInt8]
    package var field: [UInt8] { response }

    package init(response: [UInt8] = []) { self.response = response }

    package init(field: [UInt8]) { response = field }
}

/// `connection.tune`, sent to the client.
package struct ConnectionTune: TuneMethod {
    package static let id = MethodID.connectionTune

    package var channelMax: UInt16
    package var frameMax: UInt32
    package var heartbeat: UInt16

    package init(channelMax: UInt16 = 0, frameMax: UInt32 = 0, heartbeat: UInt16 = 0) {
        self.channelMax = channelMax
        self.frameMax = frameMax
        self.heartbeat = heartbeat
    }
}

/// `connection.tune-ok`, sent to the server.
package struct ConnectionTuneOK: TuneMethod {
    package static let id = MethodID.connectionTuneOK

    package var channelMax: UInt16
    package var frameMax: UInt32
    package var heartbeat: UInt16

    package init(channelMax: UInt16 = 0, frameMax: UInt32 = 0, heartbeat: UInt16 = 0) {
        self.channelMax = channelMax
        self.frameMax = frameMax
        self.heartbeat = heartbeat
    }
}

/// `connection.open`, sent to the server.
package struct ConnectionOpen: Method {
    package static let id = MethodID.connectionOpen
    package static let layout: [MethodField] = [.shortString("virtual-host"), .shortString("reserved-1"), .bit("reserved-2")]

    package var virtualHost: String

    package init(virtualHost: String = "") {
        self.virtualHost = virtualHost
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        virtualHost = try reader.shortString()
        _ = try reader.shortString()
        _ = try reader.octet()
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeShortString(virtualHost)
        buffer.writeShortString("")
        buffer.writeInteger(UInt8(0))
    }
}

/// `connection.open-ok`, sent to the client.
package struct ConnectionOpenOK: ReservedFieldMethod {
    package static let id = MethodID.connectionOpenOK
    package typealias Reserved = String

    package init() {}
}

/// `connection.close`, sent by either side.
package struct ConnectionClose: CloseMethod {
    package static let id = MethodID.connectionClose

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

/// `connection.close-ok`, sent by either side.
package struct ConnectionCloseOK: BareMethod {
    package static let id = MethodID.connectionCloseOK

    package init() {}
}

/// `connection.blocked`, sent to the client.
package struct ConnectionBlocked: SingleFieldMethod {
    package static let id = MethodID.connectionBlocked
    package static let fieldName = "reason"

    package var reason: String
    package var field: String { reason }

    package init(reason: String = "") { self.reason = reason }

    package init(field: String) { reason = field }
}

/// `connection.unblocked`, sent to the client.
package struct ConnectionUnblocked: BareMethod {
    package static let id = MethodID.connectionUnblocked

    package init() {}
}

/// `connection.update-secret`, sent to the server.
package struct ConnectionUpdateSecret: Method {
    package static let id = MethodID.connectionUpdateSecret
    package static let layout: [MethodField] = [.longString("new-secret"), .shortString("reason")]

    package var newSecret: [UInt8]
    package var reason: String

    package init(newSecret: [UInt8] = [], reason: String = "") {
        self.newSecret = newSecret
        self.reason = reason
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        newSecret = try reader.longString()
        reason = try reader.shortString()
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeLongString(newSecret)
        buffer.writeShortString(reason)
    }
}

/// `connection.update-secret-ok`, sent to the client.
package struct ConnectionUpdateSecretOK: BareMethod {
    package static let id = MethodID.connectionUpdateSecretOK

    package init() {}
}
