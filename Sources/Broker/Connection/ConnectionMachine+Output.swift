import NIOCore

/// Sending, heartbeats, and clients that do not read.
extension ConnectionMachine {
    /// A buffer that grew larger than this is given back after it was sent; a smaller one when the connection is quiet.
    private static let keptCapacity = 2 << 20
    private static let quietCapacity = 4_096
    /// A client that takes nothing of what it is sent for so long, in milliseconds, is gone or stuck.
    static let sendTimeout: Int64 = 30_000

    /// Whether more deliveries may be added to the outbound buffer.
    var canDeliver: Bool {
        if output.readableBytes < broker.configuration.limits.outboundBytes, isWritable { return true }
        hasHeldDeliveries = true
        return false
    }

    /// Sends what was gathered.
    func flush() {
        isDirty = false
        let count = output.readableBytes
        guard count > 0, phase != .closed else { return }
        hasSent = true
        sentBytes += UInt64(count)
        // While it sends, the transport may say that it takes bytes again, and deliveries be added.
        var sending = ByteBuffer()
        swap(&sending, &output)
        transport.send(sending)
        if output.readableBytes == 0, sending.capacity <= Self.keptCapacity {
            sending.clear()
            output = sending
        }
        holdInputOfSlowReader()
        releaseHeldDeliveries()
    }

    /// The transport is full, or takes bytes again.
    package func writabilityChanged(_ writable: Bool) {
        isWritable = writable
        guard writable else { return }
        unwritableSince = nil
        resume(.unread)
        releaseHeldDeliveries()
    }

    private func releaseHeldDeliveries() {
        guard hasHeldDeliveries, isWritable, phase == .running else { return }
        hasHeldDeliveries = false
        for channel in channels.values { channel.serveAll() }
    }

    /// Bytes of answers that wait for a client before it is asked no further.
    var answerLimit: Int { broker.configuration.limits.outboundBytes * 16 }

    /// Whether direct replies for it are dropped: it takes nothing, and what waits for it is above the limit of answers.
    var hasTooManyReplies: Bool {
        if output.readableBytes > answerLimit { return true }
        return !isWritable && output.readableBytes + transport.pendingBytes > answerLimit
    }

    /// Deliveries stop when the buffer is full; replies, returns and confirms do not. A client that keeps asking and does not
    /// read would make the broker hold all of them, so its questions wait until it has taken the answers it has.
    private func holdInputOfSlowReader() {
        if isWritable { resume(.unread) } else if transport.pendingBytes > answerLimit { suspend(.unread) }
    }

    /// The broker was away for so many milliseconds: what the client has sent meanwhile is not read yet, and its silence
    /// is not its own.
    func postponeTimeouts(by pause: Int64) {
        acceptedAt += pause
        lastReceived += pause
        if let since = closingSince { closingSince = since + pause }
        if let since = unwritableSince { unwritableSince = since + pause }
    }

    /// Called about twice a second.
    func tick(_ now: Int64) {
        if hasReceived || !suspension.isEmpty { lastReceived = now }
        if hasSent {
            lastSent = now
        } else if output.readableBytes == 0, output.capacity > Self.quietCapacity {
            output = ByteBuffer()
        }
        hasReceived = false
        hasSent = false
        switch phase {
        case .header, .starting, .authenticating, .tuning, .opening:
            if now - acceptedAt > Int64(broker.configuration.limits.handshakeSeconds) * 1_000 {
                broker.log(.info, "handshake took too long", of: peer)
                transport.close()
            }
        case .running: tickRunning(now)
        case .closing, .closed:
            if let closingSince, now - closingSince > Self.closingTimeout { transport.close() }
        }
    }

    private func tickRunning(_ now: Int64) {
        if let virtualHost, broker.core.hosts[virtualHost.name] !== virtualHost {
            return close(with: ProtocolFault(.connectionForced, "vhost '\(virtualHost.name)' is deleted"), method: nil)
        }
        let taken = Int(clamping: sentBytes) - transport.pendingBytes
        let takes = taken > takenBytes
        takenBytes = taken
        if isWritable {
            unwritableSince = nil
        } else {
            let since = takes ? now : unwritableSince ?? now
            unwritableSince = since
            if now - since > Self.sendTimeout {
                broker.log(.warning, "connection dropped: it took nothing for 30 s", of: peer)
                return transport.close()
            }
        }
        guard heartbeat > 0 else { return }
        let interval = Int64(heartbeat) * 1_000
        if now - lastReceived > 2 * interval {
            broker.log(.info, "no heartbeat from the client", of: peer, ["seconds": "\(heartbeat)"])
            return transport.close()
        }
        if now - lastSent >= interval / 2, output.readableBytes == 0 {
            output.writeHeartbeat()
            sentFrames += 1
            lastSent = now
            markDirty()
        }
    }
}
