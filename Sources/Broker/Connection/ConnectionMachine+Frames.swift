/// What a frame means where the connection stands.
extension ConnectionMachine {
    /// Handles one frame; every fault becomes the close of its channel or of the connection.
    func handle(_ frame: Frame, _ payload: UnsafeRawBufferPointer) {
        guard phase != .closing else { return handleWhileClosing(frame, payload) }
        do throws(ProtocolFault) {
            if frame.channel == 0 {
                try handleConnectionFrame(frame, payload)
            } else if phase == .running {
                handleChannelFrame(frame, payload)
            } else {
                throw ProtocolFault(.unexpectedFrame, "frame on channel \(frame.channel) before connection.open")
            }
        } catch {
            fail(error, method: frame.method(payload))
        }
    }

    private func handleConnectionFrame(_ frame: Frame, _ payload: UnsafeRawBufferPointer) throws(ProtocolFault) {
        switch frame.type {
        case FrameType.heartbeat:
            guard payload.isEmpty else { throw ProtocolFault(.frameError, "heartbeat frame with a payload") }
        case FrameType.method:
            let method = try frame.knownMethod(payload)
            let fields = UnsafeRawBufferPointer(rebasing: payload[4...])
            var reader = WireReader(fields, tableDepth: broker.configuration.limits.fieldTableDepth)
            if phase == .running {
                try handleMethod(method, &reader)
            } else {
                try handshake(method, &reader)
            }
        default:
            throw ProtocolFault(.unexpectedFrame, "content frame on channel 0")
        }
    }

    private func handleMethod(_ method: MethodID, _ reader: inout WireReader) throws(ProtocolFault) {
        switch method {
        case .connectionClose:
            _ = try ConnectionClose(from: &reader)
            release()
            send(ConnectionCloseOK())
            beginClosing()
        case .connectionUpdateSecret:
            // Passwords are proved once, when the connection opens: there is nothing that a new one would change here.
            _ = try ConnectionUpdateSecret(from: &reader)
            send(ConnectionUpdateSecretOK())
        case .connectionBlocked, .connectionUnblocked, .connectionUpdateSecretOK:
            throw ProtocolFault(.commandInvalid, "the method is sent by brokers alone")
        default:
            if method.classID == MethodID.connectionStart.classID {
                throw ProtocolFault(.commandInvalid, "unexpected method in connection state running")
            }
            throw ProtocolFault(.commandInvalid, "the method needs a channel")
        }
    }

    private func handleChannelFrame(_ frame: Frame, _ payload: UnsafeRawBufferPointer) {
        let channel: ChannelMachine
        if let last = lastChannel, last.number == frame.channel {
            channel = last
        } else if let found = channels[frame.channel] {
            channel = found
            lastChannel = found
        } else {
            return handleUnopenedChannel(frame, payload)
        }
        do throws(ProtocolFault) {
            try channel.handle(frame.type, payload)
        } catch {
            if error.closesConnection || channel.isClosing {
                fail(error, method: channel.failedMethod ?? frame.method(payload))
            } else {
                channel.close(with: error, method: channel.failedMethod ?? frame.method(payload))
            }
        }
    }

    private func handleUnopenedChannel(_ frame: Frame, _ payload: UnsafeRawBufferPointer) {
        do throws(ProtocolFault) {
            guard frame.type == FrameType.method else {
                throw ProtocolFault(.unexpectedFrame, "frame of type \(frame.type) on channel \(frame.channel), which is not open")
            }
            switch try frame.knownMethod(payload) {
            case .channelOpen: try openChannel(frame.channel)
            case .channelCloseOK: break  // a late answer
            case .channelClose: send(ChannelCloseOK(), channel: frame.channel)
            default: throw ProtocolFault(.channelError, "expected 'channel.open'")
            }
        } catch {
            fail(error, method: frame.method(payload))
        }
    }

    private func openChannel(_ number: UInt16) throws(ProtocolFault) {
        guard channels.count < Int(channelMax) else {
            throw ProtocolFault(
                .notAllowed,
                "number of channels opened (\(channels.count)) has reached the negotiated channel_max (\(channelMax))")
        }
        guard broker.channelCount < broker.configuration.limits.channels else {
            throw ProtocolFault(.channelError, "the broker has reached its limit of \(broker.configuration.limits.channels) channels")
        }
        guard let virtualHost, let user else { throw ProtocolFault(.internalError, "the connection is not open") }
        let channel = ChannelMachine(number: number, connection: self, virtualHost: virtualHost, user: user)
        channels[number] = channel
        lastChannel = channel
        broker.channelsOpened += 1
        send(ChannelOpenOK(), channel: number)
    }

    private func handleWhileClosing(_ frame: Frame, _ payload: UnsafeRawBufferPointer) {
        guard frame.channel == 0, frame.type == FrameType.method else { return }
        switch frame.method(payload) {
        case .connectionCloseOK: finish()
        case .connectionClose: send(ConnectionCloseOK())  // both sides at once, or a client that asks twice
        default: break
        }
    }
}

extension Frame {
    /// The method that a payload begins with; nil if it is none, or an unknown one.
    func method(_ payload: UnsafeRawBufferPointer) -> MethodID? {
        guard type == FrameType.method, payload.count >= 4 else { return nil }
        return MethodID(rawValue: payload.bigEndian32(at: 0))
    }

    /// - Throws: 501 if there is no room for a method, 503 for one that this broker does not know.
    func knownMethod(_ payload: UnsafeRawBufferPointer) throws(ProtocolFault) -> MethodID {
        guard payload.count >= 4 else { throw WireReader.truncated }
        let number = payload.bigEndian32(at: 0)
        guard let method = MethodID(rawValue: number) else {
            throw ProtocolFault(.commandInvalid, "unknown method \(number & 0xFFFF) of class \(number >> 16)")
        }
        return method
    }
}
