import CRabbitMQ

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// One librabbitmq connection. Belongs to the thread that made it: the library is not thread-safe.
///
/// Nothing of C leaves this type. The library's sends wait without bound when the socket is full, so every send goes
/// through ``room``: what the kernel is known to take now.
final class RabbitHandle {
    let state: amqp_connection_state_t
    let descriptor: Int32
    /// Largest frame both sides agreed on, in bytes, its 8 bytes of framing included.
    let frameMax: Int
    /// Seconds; 0 means none.
    let heartbeat: Int
    let channelMax: Int
    let arena = Arena()
    var exchanges = StringMemo()
    var routingKeys = StringMemo()
    var contentTypes = StringMemo()
    /// Where the frames of messages are made; nil on a connection that the library encrypts.
    let frames: FrameBuffer?
    private var room = 0
    private var corked = false
    private var destroyed = false

    init(state: amqp_connection_state_t, isEncrypted: Bool) {
        self.state = state
        frames = isEncrypted ? nil : FrameBuffer()
        descriptor = amqp_get_sockfd(state)
        let frameMax = Int(amqp_get_frame_max(state))
        self.frameMax = frameMax > 0 ? frameMax : 131_072
        heartbeat = Int(amqp_get_heartbeat(state))
        let channelMax = Int(amqp_get_channel_max(state))
        self.channelMax = channelMax > 0 ? channelMax : 65535
    }

    deinit { if !destroyed { amqp_destroy_connection(state) } }

    /// Closes the socket at once and frees the connection.
    func destroy() {
        guard !destroyed else { return }
        destroyed = true
        amqp_destroy_connection(state)
    }

    // MARK: - Room in the socket

    /// True if `size` bytes can be sent without waiting.
    ///
    /// Linux reports a socket as writable while at least a third of its buffer is free, so after that report a quarter
    /// of the buffer may be filled. The rest stays free for the heartbeats that the library sends by itself.
    func hasRoom(for size: Int) -> Bool {
        if room >= size { return true }
        // The room is that of the socket, so what was held back goes first. The next flush says what went wrong.
        do throws(AMQPError) { try flush() } catch { return true }
        room = measureRoom()
        return room >= size || room >= fullRoom
    }

    /// Most that ``room`` can be.
    private var fullRoom: Int { max(sendBufferSize / 4, 4096) }

    private func measureRoom() -> Int {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        let ready = poll(&entry, 1, 0)
        // An error shows as readiness too: the send will find it.
        return ready > 0 ? fullRoom : 0
    }

    private var sendBufferSize: Int {
        var size: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, &length) == 0, size > 0 else { return 16 << 10 }
        return Int(size)
    }

    /// Body bytes to put into the next frame: one that fits the buffer, even if frames might be larger.
    var bodyChunk: Int { max(min(frameMax - 8, fullRoom - 8), 1024) }

    func spend(_ size: Int) { room -= size }

    // MARK: - Corking

    /// Holds small writes back until ``uncork()``, so that a burst leaves in full segments.
    func cork() {
        guard !corked, frames == nil else { return }
        corked = true
        setCork(1)
    }

    func uncork() {
        guard corked else { return }
        corked = false
        setCork(0)
    }

    private func setCork(_ value: Int32) {
        var value = value
        #if os(Linux)
            let option = TCP_CORK
        #else
            let option = TCP_NOPUSH
        #endif
        _ = setsockopt(descriptor, Int32(IPPROTO_TCP), option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}

/// Remembers the last text: names repeat from message to message, and making a string costs an allocation.
struct StringMemo {
    private var bytes: [UInt8] = []
    private var text = ""

    mutating func text(_ source: amqp_bytes_t) -> String {
        guard source.len > 0, let start = source.bytes else { return "" }
        let buffer = UnsafeRawBufferPointer(start: start, count: source.len)
        if bytes.count == source.len, bytes.withUnsafeBytes({ $0.elementsEqual(buffer) }) { return text }
        bytes = Array(buffer)
        text = String(decoding: buffer, as: UTF8.self)
        return text
    }
}
