/// The first eight bytes of a connection (AMQP 0-9-1 section 4.2.2).
enum ProtocolHeader {
    static let bytes: [UInt8] = Array("AMQP".utf8) + [0, 0, 9, 1]
    /// What a few old clients send for 0-9, which is the same protocol for a broker's purposes.
    static let bytes09: [UInt8] = Array("AMQP".utf8) + [1, 1, 0, 9]
    static let length = 8

    enum Verdict { case accepted, incomplete, refused }

    static func check(_ received: UnsafeRawBufferPointer) -> Verdict {
        let head = received.prefix(length)
        guard bytes.starts(with: head) || bytes09.starts(with: head) else { return .refused }
        return head.count == length ? .accepted : .incomplete
    }
}
