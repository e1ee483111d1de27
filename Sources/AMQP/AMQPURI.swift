/// Parser for `amqp:` and `amqps:` URIs.
package enum AMQPURI {
    package static func parse(_ text: String) throws(AMQPError) -> AMQPConfiguration {
        var parser = Parser(text: text)
        return try parser.parse()
    }
}

private struct Parser {
    let text: String

    mutating func parse() throws(AMQPError) -> AMQPConfiguration {
        var rest = Substring(text)
        let secure: Bool
        if let scheme = rest.range(of: "://") {
            switch rest[..<scheme.lowerBound].lowercased() {
            case "amqp": secure = false
            case "amqps": secure = true
            default: throw invalid("the scheme is neither amqp nor amqps")
            }
            rest = rest[scheme.upperBound...]
        } else {
            throw invalid("it does not begin with amqp:// or amqps://")
        }
        if rest.contains("#") { throw invalid("it has a fragment") }
        var query: Substring?
        if let mark = rest.firstIndex(of: "?") {
            query = rest[rest.index(after: mark)...]
            rest = rest[..<mark]
        }
        var configuration = AMQPConfiguration(tls: secure ? AMQPConfiguration.TLS() : nil)
        if let slash = rest.firstIndex(of: "/") {
            let path = rest[rest.index(after: slash)...]
            if path.contains("/") { throw invalid("the vhost has more than one segment; write %2F for a slash in its name") }
            configuration.vhost = try decode(path, "vhost")
            rest = rest[..<slash]
        }
        try authority(rest, into: &configuration)
        if let query { try parameters(query, into: &configuration) }
        try checkLengths(configuration)
        return configuration
    }

    private func authority(_ authority: Substring, into configuration: inout AMQPConfiguration) throws(AMQPError) {
        var hostPort = authority
        if let at = authority.lastIndex(of: "@") {
            let userInfo = authority[..<at]
            if userInfo.contains("@") { throw invalid("write %40 for an at sign in the user or password") }
            hostPort = authority[authority.index(after: at)...]
            if let colon = userInfo.firstIndex(of: ":") {
                configuration.user = try decode(userInfo[..<colon], "user")
                configuration.password = try decode(userInfo[userInfo.index(after: colon)...], "password")
            } else {
                configuration.user = try decode(userInfo, "user")
            }
        }
        var port: Substring?
        if hostPort.first == "[" {
            guard let end = hostPort.firstIndex(of: "]") else { throw invalid("the address has no closing bracket") }
            let address = hostPort[hostPort.index(after: hostPort.startIndex)..<end]
            guard !address.isEmpty, address.utf8.allSatisfy({ isHexDigit($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }) else {
                throw invalid("the bracketed host is no IPv6 address")
            }
            configuration.host = String(address)
            let after = hostPort[hostPort.index(after: end)...]
            if !after.isEmpty {
                guard after.first == ":" else { throw invalid("something follows the bracketed address") }
                port = after.dropFirst()
            }
        } else if let colon = hostPort.firstIndex(of: ":") {
            let host = try decode(hostPort[..<colon], "host")
            if !host.isEmpty { configuration.host = host }
            port = hostPort[hostPort.index(after: colon)...]
        } else {
            let host = try decode(hostPort, "host")
            if !host.isEmpty { configuration.host = host }
        }
        if let port, !port.isEmpty {
            guard port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(port), (1...65535).contains(number) else {
                throw invalid("the port is not a number from 1 to 65535")
            }
            configuration.port = number
        }
    }

    private func parameters(_ query: Substring, into configuration: inout AMQPConfiguration) throws(AMQPError) {
        for pair in query.split(separator: "&", omittingEmptySubsequences: true) {
            let equals = pair.firstIndex(of: "=")
            let name = try decode(equals.map { pair[..<$0] } ?? pair, "query")
            let value = try decode(equals.map { pair[pair.index(after: $0)...] } ?? "", "query")
            switch name {
            case "heartbeat": configuration.heartbeat = try number(value, name, 0...65535)
            case "connection_timeout": configuration.connectTimeout = .milliseconds(try number(value, name, 1...86_400_000))
            case "channel_max": configuration.channelMax = try number(value, name, 0...65535)
            case "frame_max": configuration.frameMax = try number(value, name, 4096...(1 << 30))
            case "connection_name": configuration.connectionName = value
            case "cacertfile": try secure(name, &configuration) { $0.caCertificateFile = value }
            case "certfile": try secure(name, &configuration) { $0.certificateFile = value }
            case "keyfile": try secure(name, &configuration) { $0.keyFile = value }
            case "verify":
                guard value == "verify_peer" || value == "verify_none" else {
                    throw invalid("verify is neither verify_peer nor verify_none")
                }
                try secure(name, &configuration) {
                    $0.verifyPeer = value == "verify_peer"
                    $0.verifyHostname = $0.verifyPeer && $0.verifyHostname
                }
            case "server_name_indication":
                // "disable" turns off the comparison of names as well, as it does in RabbitMQ's own clients.
                try secure(name, &configuration) { if value == "disable" { $0.verifyHostname = false } else { $0.serverName = value } }
            case "auth_mechanism", "password", "depth":
                throw invalid("the parameter \(name) is not supported")
            default: break  // The specification lets a client ignore parameters that it does not know.
            }
        }
    }

    private func secure(
        _ name: String, _ configuration: inout AMQPConfiguration, _ change: (inout AMQPConfiguration.TLS) -> Void
    ) throws(AMQPError) {
        guard var tls = configuration.tls else { throw invalid("the parameter \(name) needs amqps") }
        change(&tls)
        configuration.tls = tls
    }

    private func number(_ value: String, _ name: String, _ range: ClosedRange<Int>) throws(AMQPError) -> Int {
        guard !value.isEmpty, value.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(value), range.contains(number) else {
            throw invalid("\(name) is not a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private func checkLengths(_ configuration: AMQPConfiguration) throws(AMQPError) {
        if configuration.vhost.utf8.count > 255 { throw invalid("the vhost has more than 255 bytes") }
        for value in [configuration.host, configuration.vhost, configuration.user, configuration.password] where value.utf8.contains(0) {
            throw invalid("it has a zero byte")
        }
    }

    /// Percent decoding; the result must be UTF-8. A plus sign is a plus sign.
    private func decode(_ part: Substring, _ place: String) throws(AMQPError) -> String {
        guard part.utf8.contains(UInt8(ascii: "%")) else {
            if part.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7f }) { throw invalid("the \(place) has a space or control character") }
            return String(part)
        }
        var bytes: [UInt8] = []
        var iterator = part.utf8.makeIterator()
        while let byte = iterator.next() {
            guard byte == UInt8(ascii: "%") else {
                if byte <= 0x20 || byte == 0x7f { throw invalid("the \(place) has a space or control character") }
                bytes.append(byte)
                continue
            }
            guard let high = iterator.next().flatMap(hexValue), let low = iterator.next().flatMap(hexValue) else {
                throw invalid("the \(place) has a percent sign without two hexadecimal digits")
            }
            bytes.append(high << 4 | low)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else { throw invalid("the \(place) is not UTF-8") }
        return decoded
    }

    private func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }

    private func isHexDigit(_ byte: UInt8) -> Bool { hexValue(byte) != nil }

    /// The message never repeats the text, which may hold a password.
    private func invalid(_ reason: String, line: Int = #line) -> AMQPError {
        AMQPError(.invalidURI, "not an AMQP URI: \(reason)", line: line)
    }
}

extension Substring {
    fileprivate func range(of needle: String) -> Range<Substring.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(needle) { return start..<index(start, offsetBy: needle.count) }
            start = index(after: start)
        }
        return nil
    }
}
