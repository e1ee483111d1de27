import NIOCore

/// How a connection ends.
extension ConnectionMachine {
    /// How long the peer may take to answer `connection.close`, and to close its side, in milliseconds.
    static let closingTimeout: Int64 = 5_000

    /// Answers a fault that the connection does not survive.
    func fail(_ fault: ProtocolFault, method: MethodID? = nil) {
        guard phase != .closed, phase != .closing else { return }
        broker.log(.info, "connection closed after an error", of: peer, ["reply": "\(fault.replyText)"])
        if phase == .header { return finish() }
        close(with: fault, method: method)
    }

    /// Sends `connection.close` and waits for its answer, for a bounded time.
    package func close(with fault: ProtocolFault, method: MethodID?) {
        guard phase != .closed, phase != .closing else { return }
        release()
        send(
            ConnectionClose(
                replyCode: fault.code.rawValue, replyText: fault.replyText, classID: method?.classID ?? 0,
                methodID: method?.methodID ?? 0))
        beginClosing()
    }

    /// From now on only the end of the connection is waited for.
    func beginClosing() {
        phase = .closing
        closingSince = broker.time.uptime
        // Whatever held the input back: the answer must be read.
        if !suspension.isEmpty {
            suspension = []
            transport.setReading(true)
        }
        payloadLimit = max(payloadLimit, Int(FrameLayout.minimumMax))
    }

    /// Sends what is left and ends the connection from this side.
    func finish() {
        guard phase != .closed else { return }
        release()
        phase = .closed
        closingSince = broker.time.uptime
        if !suspension.isEmpty {
            suspension = []
            transport.setReading(true)  // to see the peer's end
        }
        sentBytes += UInt64(output.readableBytes)
        transport.finish(output)
        output = ByteBuffer()
        held = ByteBuffer()
    }

    /// The socket is gone.
    package func disconnected() {
        release()
        phase = .closed
        output = ByteBuffer()
        held = ByteBuffer()
        broker.disconnected(self)
    }

    /// Gives back all that the connection holds in the core: consumers, unsettled messages, exclusive queues.
    func release() {
        guard let host = virtualHost else { return }
        virtualHost = nil
        let open = channels.values.sorted { $0.number < $1.number }
        channels = [:]
        lastChannel = nil
        // First all of them are marked, so that no message comes back to this connection; see `ChannelMachine.leaveQueues`.
        for channel in open { channel.isClosing = true }
        for channel in open { channel.release() }
        for channel in open { channel.cancelConsumers() }
        broker.channelsClosed += UInt64(open.count)
        host.connectionClosed(id)
        broker.closed(self)
    }
}
