import CRabbitMQ
import Loop

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

extension RabbitHandle {
    /// Connects, shakes hands and logs in. Blocks up to three times the connect timeout.
    /// - Parameter opened: called with the descriptor once there is one, so that another thread can shut it down.
    static func connect(_ configuration: AMQPConfiguration, opened: (Int32) -> Void) throws(AMQPError) -> RabbitHandle {
        try check(configuration)
        guard let state = amqp_new_connection() else { throw AMQPError(.connectionFailed, "no memory for a connection") }
        do throws(AMQPError) {
            var timeout = configuration.connectTimeout.timeval
            amqp_set_handshake_timeout(state, &timeout)
            try open(state, configuration)
            opened(amqp_get_sockfd(state))
            try login(state, configuration)
        } catch {
            opened(-1)
            amqp_destroy_connection(state)
            throw error
        }
        return RabbitHandle(state: state, isEncrypted: configuration.tls != nil)
    }

    private static func check(_ configuration: AMQPConfiguration) throws(AMQPError) {
        for text in [configuration.host, configuration.vhost, configuration.user, configuration.password] where text.utf8.contains(0) {
            throw AMQPError(.usage, "a zero byte in the host, vhost, user or password")
        }
        guard (1...65535).contains(configuration.port) else {
            throw AMQPError(.usage, "the port \(configuration.port) is not from 1 to 65535")
        }
        guard configuration.vhost.utf8.count <= 255 else { throw AMQPError(.usage, "the vhost has more than 255 bytes") }
        guard (0...65535).contains(configuration.channelMax), (0...65535).contains(configuration.heartbeat),
            (4096...(1 << 30)).contains(configuration.frameMax)
        else { throw AMQPError(.usage, "channelMax, heartbeat or frameMax out of range") }
        if let name = configuration.connectionName, name.utf8.count > 1024 {
            throw AMQPError(.usage, "the connection name has more than 1024 bytes")
        }
    }

    private static func open(_ state: amqp_connection_state_t, _ configuration: AMQPConfiguration) throws(AMQPError) {
        let socket: OpaquePointer?
        if let tls = configuration.tls {
            socket = amqp_ssl_socket_new(state)
            if let socket { try prepare(socket, tls, host: configuration.host) }
        } else {
            socket = amqp_tcp_socket_new(state)
        }
        guard let socket else { throw AMQPError(configuration.tls == nil ? .connectionFailed : .tls, "no socket") }
        var timeout = configuration.connectTimeout.timeval
        let status = amqp_socket_open_noblock(socket, configuration.host, Int32(configuration.port), &timeout)
        guard status == AMQP_STATUS_OK.rawValue else {
            throw error(status, "cannot connect to \(configuration.host):\(configuration.port)", fallback: .connectionFailed)
        }
    }

    private static func prepare(_ socket: OpaquePointer, _ tls: AMQPConfiguration.TLS, host: String) throws(AMQPError) {
        if let name = tls.serverName, name != host {
            throw AMQPError(
                .usage, "the TLS server name \"\(name)\" differs from the host \"\(host)\"; connect to the name in the certificate")
        }
        amqp_ssl_socket_set_verify_peer(socket, tls.verifyPeer ? 1 : 0)
        amqp_ssl_socket_set_verify_hostname(socket, tls.verifyHostname ? 1 : 0)
        guard amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST) == AMQP_STATUS_OK.rawValue else {
            throw AMQPError(.tls, "TLS 1.2 is not available")
        }
        if let file = tls.caCertificateFile ?? (tls.verifyPeer ? systemAuthorities : nil) {
            guard amqp_ssl_socket_set_cacert(socket, file) == AMQP_STATUS_OK.rawValue else {
                throw AMQPError(.tls, "cannot read certificates of authorities from \(file)")
            }
        }
        switch (tls.certificateFile, tls.keyFile) {
        case (nil, nil): break
        case (let certificate?, let key?):
            guard amqp_ssl_socket_set_key(socket, certificate, key) == AMQP_STATUS_OK.rawValue else {
                throw AMQPError(.tls, "cannot use the certificate \(certificate) with the key \(key)")
            }
        default: throw AMQPError(.tls, "a client certificate needs both a certificate file and a key file")
        }
    }

    private static var systemAuthorities: String? {
        [
            "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem",
            "/opt/homebrew/etc/openssl@3/cert.pem",
        ]
        .first { access($0, R_OK) == 0 }
    }

    /// What the stack of the loop's thread is enough for, should tables in it be nested as deep as can be.
    private static let largestFrame = (EventLoop.stackSize - (2 << 20)) / 256

    private static func login(_ state: amqp_connection_state_t, _ configuration: AMQPConfiguration) throws(AMQPError) {
        let arena = Arena()
        var properties: AMQPTable = [
            "product": "Millrace",
            "capabilities": .table([
                "connection.blocked": true, "consumer_cancel_notify": true, "publisher_confirms": true, "basic.nack": true,
            ]),
        ]
        if let name = configuration.connectionName { properties["connection_name"] = .string(name) }
        var table = arena.table(properties)
        let reply = millrace_amqp_login_plain(
            state, configuration.vhost, Int32(configuration.channelMax), Int32(min(configuration.frameMax, largestFrame)),
            Int32(configuration.heartbeat),
            &table, configuration.user, configuration.password)
        switch reply.reply_type {
        case AMQP_RESPONSE_NORMAL: return
        case AMQP_RESPONSE_SERVER_EXCEPTION:
            if reply.reply.id == MethodID.connectionClose, let decoded = reply.reply.decoded {
                let close = decoded.assumingMemoryBound(to: amqp_connection_close_t.self).pointee
                throw AMQPError(
                    .connectionFailed, "the broker refused the login to vhost \(configuration.vhost)", replyCode: close.reply_code,
                    replyText: String(close.reply_text))
            }
            throw AMQPError(.connectionFailed, "the broker refused the login")
        case AMQP_RESPONSE_LIBRARY_EXCEPTION:
            // A broker may answer a wrong password by closing the socket; RabbitMQ says it with a method.
            throw error(reply.library_error, "the login failed", fallback: .connectionFailed)
        default: throw AMQPError(.connectionFailed, "the broker closed the connection during the login")
        }
    }

    /// The error for a status of the library.
    static func error(
        _ status: Int32, _ what: String, fallback: AMQPError.Code, file: String = #fileID, line: Int = #line
    ) -> AMQPError {
        let reason = amqp_error_string2(status).map { String(cString: $0) } ?? "status \(status)"
        let code: AMQPError.Code =
            switch status {
            case AMQP_STATUS_SSL_ERROR.rawValue, AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED.rawValue,
                AMQP_STATUS_SSL_PEER_VERIFY_FAILED.rawValue, AMQP_STATUS_SSL_CONNECTION_FAILED.rawValue:
                .tls
            case AMQP_STATUS_BAD_AMQP_DATA.rawValue, AMQP_STATUS_UNKNOWN_CLASS.rawValue, AMQP_STATUS_UNKNOWN_METHOD.rawValue,
                AMQP_STATUS_INCOMPATIBLE_AMQP_VERSION.rawValue, AMQP_STATUS_WRONG_METHOD.rawValue, AMQP_STATUS_UNEXPECTED_STATE.rawValue:
                fallback == .connectionFailed ? .connectionFailed : .protocol
            default: fallback
            }
        return AMQPError(code, "\(what): \(reason)", file: file, line: line)
    }
}

extension Duration {
    var timeval: timeval {
        let (seconds, attoseconds) = components
        var value = Self.zeroTimeval
        value.tv_sec = .init(seconds)
        value.tv_usec = .init(attoseconds / 1_000_000_000_000)
        return value
    }

    private static var zeroTimeval: timeval {
        #if canImport(Darwin)
            Darwin.timeval()
        #elseif canImport(Musl)
            Musl.timeval()
        #else
            Glibc.timeval()
        #endif
    }

    /// Whole milliseconds, rounded up, at least 0.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return max(0, seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
