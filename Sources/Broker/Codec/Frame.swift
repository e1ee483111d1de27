/// The numbers of the frame layer (AMQP 0-9-1 section 4.2.3).
package enum FrameType {
    package static let method: UInt8 = 1
    package static let header: UInt8 = 2
    package static let body: UInt8 = 3
    package static let heartbeat: UInt8 = 8

    package static func isKnown(_ type: UInt8) -> Bool { (1...3).contains(type) || type == heartbeat }
}

/// What the frame layer fixes.
package enum FrameLayout {
    /// Type, channel and length.
    package static let headerSize = 7
    /// Header and end octet: what `frame_max` counts besides the payload.
    package static let overhead = 8
    package static let end: UInt8 = 0xCE
    /// The smallest `frame_max` that may be negotiated, in bytes.
    package static let minimumMax: UInt32 = 4096
    /// Class, weight and body size in a content header, before the property flags.
    package static let contentHeaderSize = 12
}

/// A complete frame within a buffer of received bytes.
package struct Frame {
    package var type: UInt8
    package var channel: UInt16
    /// Where the payload stands in the buffer.
    package var payload: Range<Int>
    /// Where the next frame begins.
    package var end: Int { payload.upperBound + 1 }
}
