/// The names of exchanges and queues.
enum ResourceName {
    /// The default exchange, which has no name, goes by this one in permissions and URLs.
    static let defaultExchange = "amq.default"

    /// RabbitMQ takes line breaks out of names, so that they cannot forge lines of its log.
    static func cleaned(_ name: String) -> String {
        guard name.utf8.contains(where: { $0 == 10 || $0 == 13 }) else { return name }
        return String(decoding: name.utf8.filter { $0 != 10 && $0 != 13 }, as: UTF8.self)
    }

    static func isReserved(_ name: String) -> Bool { name.hasPrefix("amq.") }

    /// - Throws: 403 for a name that the specification keeps for the broker.
    static func checkNotReserved(_ name: String, kind: String) throws(ProtocolFault) {
        guard !isReserved(name) else {
            throw ProtocolFault(.accessRefused, "\(kind) name '\(name)' contains reserved prefix 'amq.*'")
        }
    }

    /// A name that nobody guesses and nobody had: 128 random bits.
    static func generated() -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var bits = UInt64.random(in: .min ... .max)
        var name = Array("amq.gen-".utf8)
        for index in 0..<22 {
            if index == 11 { bits = .random(in: .min ... .max) }
            name.append(letters[Int(bits & 63)])
            bits >>= 6
        }
        return String(decoding: name, as: UTF8.self)
    }
}
