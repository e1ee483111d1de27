package import Broker
import Foundation
import Yams

/// Reads a broker's configuration: from a file, the environment and the command line, in this order.
///
/// | environment | file | |
/// |---|---|---|
/// | `MILLRACE_BROKER_LISTEN` | `listen` | `host:port` of AMQP |
/// | `MILLRACE_BROKER_MANAGEMENT` | `management` | `host:port` of the management API, `https://host:port` with the certificate of `tls`, or `none` |
/// | `MILLRACE_BROKER_DATA` | `data` | the data folder, or `memory` |
/// | `MILLRACE_BROKER_PRODUCT` | `product` | `name` or `name/version` that clients are told |
/// | `MILLRACE_BROKER_NODE` | `node` | the name in the management API |
/// | `MILLRACE_BROKER_USER` | `user` | the first user of a new broker |
/// | `MILLRACE_BROKER_PASSWORD`, `…_PASSWORD_FILE` | `password-file` | its password, or the file with it; never in the file itself |
/// | | `heartbeat`, `frame-max`, `channel-max` | what is agreed with clients |
/// | | `disk-free-limit`, `memory-limit` | bytes |
/// | | `tls:` `port`, `certificate`, `key`, `client-authorities`, `client-certificates`, `only` | the listener with TLS |
/// | | `limits:` | any of `BrokerLimits`, by its name |
package struct BrokerSettings {
    package var configuration = BrokerConfiguration()

    package init() {
        configuration.management = ManagementEndpoint()
        configuration.storage = .folder(".millrace/broker")
    }

    // MARK: - Values

    /// - Throws: `UsageFailure` for anything but `host:port`.
    package mutating func set(listen text: String) throws {
        (configuration.host, configuration.port) = try Self.address(text, "listen")
    }

    package mutating func set(management text: String) throws {
        guard text != "none" else {
            configuration.management = nil
            return
        }
        let secure = "https://"
        let usesTLS = text.hasPrefix(secure)
        let (host, port) = try Self.address(usesTLS ? String(text.dropFirst(secure.count)) : text, "management")
        configuration.management = ManagementEndpoint(host: host, port: port, usesTLS: usesTLS)
    }

    /// `Millrace`, or `RabbitMQ/3.10.8` for clients that ask for both.
    package mutating func set(product text: String) {
        let parts = text.split(separator: "/", maxSplits: 1)
        configuration.product = parts.first.map(String.init) ?? text
        if parts.count == 2 { configuration.version = String(parts[1]) }
    }

    package mutating func setFolder(_ path: String) { configuration.storage = path == "memory" ? .memory : .folder(path) }
    package mutating func setMemory() { configuration.storage = .memory }

    /// `127.0.0.1:5672`, `[::1]:5672`, `:5672` (every address), `5672`.
    private static func address(_ text: String, _ name: String) throws -> (String, Int) {
        let colon = text.lastIndex(of: ":")
        var host = colon.map { String(text[..<$0]) } ?? "127.0.0.1"
        let number = colon.map { String(text[text.index(after: $0)...]) } ?? text
        guard let port = Int(number), (0...65_535).contains(port) else {
            throw UsageFailure("\(name): `\(text)` is not host:port")
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        return (host.isEmpty ? "0.0.0.0" : host, port)
    }

    // MARK: - Environment

    package mutating func read(environment: [String: String]) throws {
        func value(_ name: String) -> String? { environment["MILLRACE_BROKER_" + name].flatMap { $0.isEmpty ? nil : $0 } }
        if let text = value("LISTEN") { try set(listen: text) }
        if let text = value("MANAGEMENT") { try set(management: text) }
        if let text = value("DATA") { setFolder(text) }
        if let text = value("PRODUCT") { set(product: text) }
        if let text = value("NODE") { configuration.nodeName = text }
        if let text = value("USER") { configuration.defaultUser = text }
        if let text = value("PASSWORD_FILE") { configuration.defaultPassword = try Self.secret(text) }
        if let text = value("PASSWORD") { configuration.defaultPassword = text }
    }

    package static func secret(_ path: String) throws -> String {
        do {
            return try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .newlines)
        } catch {
            throw UsageFailure("cannot read the password in \(path): \(error.localizedDescription)")
        }
    }

    // MARK: - File

    /// - Throws: `UsageFailure` with the name of the setting that is not known or has no usable value.
    package mutating func read(file path: String) throws {
        let text: String
        do { text = try String(contentsOfFile: path, encoding: .utf8) } catch {
            throw UsageFailure("cannot read \(path): \(error.localizedDescription)")
        }
        do { try read(yaml: text) } catch let failure as UsageFailure {
            throw UsageFailure("\(path): \(failure)")
        } catch {
            throw UsageFailure("\(path) is no YAML: \(error)")
        }
    }

    package mutating func read(yaml: String) throws {
        guard let node = try Yams.compose(yaml: yaml) else { return }
        for (name, value) in try Self.members(node, "the file") { try set(name, value) }
    }

    private mutating func set(_ name: String, _ value: Node) throws {
        switch name {
        case "listen": try set(listen: Self.text(value, name))
        case "management": try set(management: Self.text(value, name))
        case "data": setFolder(try Self.text(value, name))
        case "product": set(product: try Self.text(value, name))
        case "node": configuration.nodeName = try Self.text(value, name)
        case "user": configuration.defaultUser = try Self.text(value, name)
        case "password-file": configuration.defaultPassword = try Self.secret(Self.text(value, name))
        case "password": throw UsageFailure("a password does not belong into the file: use password-file or the environment")
        case "heartbeat": configuration.heartbeat = try Self.number(value, name)
        case "frame-max": configuration.frameMax = try Self.number(value, name)
        case "channel-max": configuration.channelMax = try Self.number(value, name)
        case "disk-free-limit": configuration.diskFreeLimit = try Self.number(value, name)
        case "memory-limit": configuration.memoryLimit = try Self.number(value, name)
        case "tls": try setTLS(Self.members(value, name))
        case "limits": for (limit, value) in try Self.members(value, name) { try set(limit: limit, Self.number(value, limit)) }
        default: throw UsageFailure("`\(name)` is not a setting of the broker; see docs/broker.md")
        }
    }

    private mutating func setTLS(_ members: [(String, Node)]) throws {
        var tls = BrokerTLS(certificateChainFile: "", privateKeyFile: "")
        for (name, value) in members {
            switch name {
            case "port": tls.port = try Self.number(value, name)
            case "certificate": tls.certificateChainFile = try Self.text(value, name)
            case "key": tls.privateKeyFile = try Self.text(value, name)
            case "client-authorities": tls.clientAuthoritiesFile = try Self.text(value, name)
            case "only": tls.isExclusive = value.bool ?? false
            case "client-certificates":
                guard let choice = BrokerTLS.ClientCertificates(rawValue: try Self.text(value, name)) else {
                    throw UsageFailure("client-certificates must be none, optional or required")
                }
                tls.clientCertificates = choice
            default: throw UsageFailure("`tls.\(name)` is not a setting of the broker")
            }
        }
        guard !tls.certificateChainFile.isEmpty, !tls.privateKeyFile.isEmpty else { throw UsageFailure("tls needs certificate and key") }
        configuration.tls = tls
    }

    private mutating func set(limit name: String, _ value: Int) throws {
        guard let path = Self.limits[name] else {
            throw UsageFailure("`limits.\(name)` is none of \(Self.limits.keys.sorted().joined(separator: ", "))")
        }
        configuration.limits[keyPath: path] = value
    }

    private static var limits: [String: WritableKeyPath<BrokerLimits, Int>] {
        [
            "handshakeSeconds": \.handshakeSeconds, "preAuthenticationFrameBytes": \.preAuthenticationFrameBytes,
            "pendingLogins": \.pendingLogins, "connections": \.connections, "channels": \.channels, "virtualHosts": \.virtualHosts,
            "exchanges": \.exchanges, "queues": \.queues, "bindings": \.bindings, "consumers": \.consumers, "users": \.users,
            "consumersPerChannel": \.consumersPerChannel, "messageBytes": \.messageBytes, "transactionBytes": \.transactionBytes,
            "unfinishedBytes": \.unfinishedBytes, "outboundBytes": \.outboundBytes, "fieldTableDepth": \.fieldTableDepth,
            "topicPatternWords": \.topicPatternWords,
            "permissionPatternLength": \.permissionPatternLength, "managementConnections": \.managementConnections,
            "managementBodyBytes": \.managementBodyBytes, "managementIdleSeconds": \.managementIdleSeconds,
        ]
    }

    private static func members(_ node: Node, _ name: String) throws -> [(String, Node)] {
        guard let mapping = node.mapping else { throw UsageFailure("\(name) must hold names with values") }
        return mapping.map { ($0.key.string ?? "", $0.value) }
    }

    private static func text(_ node: Node, _ name: String) throws -> String {
        guard let text = node.scalar?.string, !text.isEmpty else { throw UsageFailure("\(name) must be a text") }
        return text
    }

    private static func number<Number: FixedWidthInteger>(_ node: Node, _ name: String) throws -> Number {
        guard let text = node.scalar?.string, let number = Number(text.filter { $0 != "_" }) else {
            throw UsageFailure("\(name) must be a whole number from \(Number.min) to \(Number.max)")
        }
        return number
    }
}
