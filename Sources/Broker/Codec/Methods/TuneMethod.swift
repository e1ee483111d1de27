package import NIOCore

/// `connection.tune` and `connection.tune-ok`: the limits that are offered and agreed to.
package protocol TuneMethod: Method {
    var channelMax: UInt16 { get }
    var frameMax: UInt32 { get }
    /// Seconds; 0 for none.
    var heartbeat: UInt16 { get }

    init(channelMax: UInt16, frameMax: UInt32, heartbeat: UInt16)
}

extension TuneMethod {
    package static var layout: [MethodField] { [.short("channel-max"), .long("frame-max"), .short("heartbeat")] }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        self.init(channelMax: try reader.short(), frameMax: try reader.long(), heartbeat: try reader.short())
    }

    package func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(channelMax)
        buffer.writeInteger(frameMax)
        buffer.writeInteger(heartbeat)
    }
}
