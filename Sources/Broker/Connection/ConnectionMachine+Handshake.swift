import NIOCore

/// From the protocol header to `connection.open-ok` (AMQP 0-9-1 section 2.2.4).
extension ConnectionMachine {
    /// - Returns: whether the header is there and right.
    func readProtocolHeader(_ bytes: UnsafeRawBufferPointer) throws(ProtocolFault) -> Bool {
        switch ProtocolHeader.check(bytes) {
        case .incomplete: return false
        case .refused:
            // The answer to a protocol that is not spoken here is the one that is, and the end.
            output.writeBytes(ProtocolHeader.bytes)
            finish()
            return false
        case .accepted:
            phase = .starting
            send(
                ConnectionStart(
                    versionMajor: 0, versionMinor: 9, serverProperties: broker.serverProperties,
                    mechanisms: Array(Credentials.mechanisms(external: certificateName != nil).utf8),
                    locales: Array("en_US".utf8)))
            return true
        }
    }

    /// A method on channel 0 before the connection is open.
    func handshake(_ method: MethodID, _ reader: inout WireReader) throws(ProtocolFault) {
        switch (method, phase) {
        case (.connectionStartOK, .starting): try startOK(ConnectionStartOK(from: &reader))
        case (.connectionTuneOK, .tuning): try tuneOK(ConnectionTuneOK(from: &reader))
        case (.connectionOpen, .opening): try open(ConnectionOpen(from: &reader))
        case (.connectionClose, _):
            send(ConnectionCloseOK())
            finish()
        default:
            throw ProtocolFault(.commandInvalid, "unexpected method in connection state \(phase)")
        }
    }

    private func startOK(_ answer: ConnectionStartOK) throws(ProtocolFault) {
        clientProperties = answer.clientProperties
        capabilities = ClientCapabilities(answer.clientProperties)
        mechanism = answer.mechanism
        let credentials = try Credentials(
            mechanism: answer.mechanism, response: answer.response, external: certificateName != nil)
        phase = .authenticating
        switch credentials {
        case .certificate:
            guard let certificateName else { return refuseLogin(.wrongCredentials) }
            authenticated(broker.access.authenticate(certificateName: certificateName, fromLoopback: peer.isLoopback))
        case .password(let user, let password):
            suspend(.login)
            broker.access.authenticate(user: user, password: password, fromLoopback: peer.isLoopback) { [weak self] result in
                guard let self, phase == .authenticating else { return }
                authenticated(result)
                resume(.login)
            }
        }
    }

    private func authenticated(_ result: AuthenticationResult) {
        switch result {
        case .refused(let reason): refuseLogin(reason)
        case .accepted(let user):
            self.user = user
            phase = .tuning
            let offer = broker.configuration
            send(ConnectionTune(channelMax: offer.channelMax, frameMax: offer.frameMax, heartbeat: offer.heartbeat))
        }
    }

    private func refuseLogin(_ reason: AuthenticationRefusal) {
        broker.log(.info, "login refused", of: peer, ["mechanism": "\(mechanism)", "reason": "\(reason.rawValue)"])
        guard capabilities.authenticationFailureClose else { return finish() }
        let fault = ProtocolFault(
            .accessRefused,
            "Login was refused using authentication mechanism \(mechanism). For details see the broker logfile.",
            forcesConnectionClose: true)
        close(with: fault, method: nil)
    }

    private func tuneOK(_ answer: ConnectionTuneOK) throws(ProtocolFault) {
        let offer = broker.configuration
        try negotiate("frame_max", UInt32(answer.frameMax), minimum: FrameLayout.minimumMax, maximum: offer.frameMax)
        try negotiate("channel_max", UInt32(answer.channelMax), minimum: 1, maximum: UInt32(offer.channelMax))
        frameMax = answer.frameMax
        channelMax = answer.channelMax
        heartbeat = answer.heartbeat
        // Several clients take the envelope of eight bytes for part of the payload: RabbitMQ lets them, and so do we.
        payloadLimit = Int(frameMax)
        phase = .opening
    }

    private func negotiate(_ field: String, _ value: UInt32, minimum: UInt32, maximum: UInt32) throws(ProtocolFault) {
        if value != 0, value < minimum {
            throw ProtocolFault(
                .notAllowed, "negotiated \(field) = \(value) is lower than the minimum allowed value (\(minimum))")
        }
        if value == 0 || value > maximum {
            // RabbitMQ says so of channels alone.
            let detail = value == 0 && field == "channel_max" ? " (no limit)" : ""
            throw ProtocolFault(
                .notAllowed, "negotiated \(field) = \(value)\(detail) is higher than the maximum allowed value (\(maximum))")
        }
    }

    private func open(_ request: ConnectionOpen) throws(ProtocolFault) {
        guard let user else { throw ProtocolFault(.internalError, "no user") }
        let name = request.virtualHost
        guard let host = broker.core.hosts[name] else { throw ProtocolFault(.notAllowed, "vhost \(name) not found") }
        guard broker.access.canOpen(host: name, user: user.name) else {
            throw ProtocolFault(.notAllowed, "access to vhost '\(name)' refused for user '\(user.name)'")
        }
        virtualHost = host
        phase = .running
        send(ConnectionOpenOK())
        broker.opened(self)
    }
}
