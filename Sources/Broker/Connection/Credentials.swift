/// What a client proves its identity with (SASL, RFC 4422).
package enum Credentials: Equatable, Sendable {
    case password(user: String, password: [UInt8])
    /// The common name of the certificate that the client showed during the TLS handshake.
    case certificate

    /// The mechanisms, as `connection.start` lists them.
    package static func mechanisms(external: Bool) -> String { external ? "PLAIN AMQPLAIN EXTERNAL" : "PLAIN AMQPLAIN" }

    /// Reads a client's response.
    ///
    /// - Throws: 503 for an unknown mechanism, 502 for a response that is none of the mechanism.
    package init(mechanism: String, response: [UInt8], external: Bool) throws(ProtocolFault) {
        switch mechanism {
        case "PLAIN": self = try Self.plain(response)
        case "AMQPLAIN": self = try Self.amqplain(response)
        case "EXTERNAL" where external: self = .certificate
        default: throw ProtocolFault(.commandInvalid, "unknown authentication mechanism '\(mechanism)'")
        }
    }

    /// RFC 4616: authorization identity (which is not used), user and password, each after a zero octet.
    private static func plain(_ response: [UInt8]) throws(ProtocolFault) -> Credentials {
        let parts = response.split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let user = String(validating: parts[1], as: UTF8.self) else {
            throw ProtocolFault(.syntaxError, "response of mechanism PLAIN is invalid")
        }
        return .password(user: user, password: Array(parts[2]))
    }

    /// A field table without its length, with `LOGIN` and `PASSWORD`.
    private static func amqplain(_ response: [UInt8]) throws(ProtocolFault) -> Credentials {
        var bytes = withUnsafeBytes(of: UInt32(truncatingIfNeeded: response.count).bigEndian) { Array($0) }
        bytes += response
        let result: Result<FieldTable, ProtocolFault> = bytes.withUnsafeBytes { bytes in
            var reader = WireReader(bytes)
            do throws(ProtocolFault) { return .success(try reader.table()) } catch { return .failure(error) }
        }
        let table = try result.get()
        guard let user = table["LOGIN"]?.text, case .string(let password)? = table["PASSWORD"] else {
            throw ProtocolFault(.syntaxError, "AMQPLAIN auth info is missing LOGIN or PASSWORD field")
        }
        return .password(user: user, password: password)
    }
}
