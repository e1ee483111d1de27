package import NIOCore

/// `connection.close` and `channel.close`: why one side ends it, and which method was to blame.
package protocol CloseMethod: Method {
    var replyCode: UInt16 { get }
    var replyText: String { get }
    var classID: UInt16 { get }
    var methodID: UInt16 { get }

    init(replyCode: UInt16, replyText: String, classID: UInt16, methodID: UInt16)
}

extension CloseMethod {
    package static var layout: [MethodField] {
        [.short("reply-code"), .shortString("reply-text"), .short("class-id"), .short("method-id")]
    }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        self.init(
            replyCode: try reader.short(), replyText: try reader.shortString(), classID: try reader.short(),
            methodID: try reader.short())
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(replyCode)
        buffer.writeShortString(replyText)
        buffer.writeInteger(classID)
        buffer.writeInteger(methodID)
    }
}
