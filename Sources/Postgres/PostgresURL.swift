/// Takes a URL apart by hand, and puts one together: Foundation refuses socket paths and several hosts, which libpq allows.
struct PostgresURL {
    struct Parts {
        var user: String?
        var password: String?
        var host: String?
        var port: Int?
        var database: String?
        var parameters: [(String, String)] = []

        /// Removes parameters.
        mutating func drop(_ names: String...) { parameters.removeAll { names.contains($0.0) } }

        /// The parts as a URL again.
        var url: String {
            var text = "postgres://"
            if user != nil || password != nil {
                text += PostgresURL.encoded(user ?? "")
                if let password { text += ":" + PostgresURL.encoded(password) }
                text += "@"
            }
            if let host { text += host.contains(":") ? "[\(host)]" : PostgresURL.encoded(host) }
            if let port { text += ":\(port)" }
            text += "/" + (database.map { PostgresURL.encoded($0) } ?? "")
            guard !parameters.isEmpty else { return text }
            return text + "?" + parameters.map { "\(PostgresURL.encoded($0))=\(PostgresURL.encoded($1))" }.joined(separator: "&")
        }
    }

    private var rest: Substring

    init(_ url: String) { rest = url[...] }

    static func wrong(_ reason: String) -> PostgresError {
        PostgresError(code: .usage, message: "the PostgreSQL URL is wrong: \(reason)")
    }

    static func port(_ text: some StringProtocol) throws(PostgresError) -> Int {
        guard let port = Int(text), (1...65535).contains(port) else { throw wrong("the port is not a number from 1 to 65535") }
        return port
    }

    private static func decoded(_ text: some StringProtocol) throws(PostgresError) -> String {
        var bytes: [UInt8] = []
        var source = text.utf8.makeIterator()
        while let byte = source.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = source.next().flatMap(hex), let low = source.next().flatMap(hex) else {
                throw wrong("% is not followed by two hexadecimal digits")
            }
            bytes.append(high << 4 | low)
        }
        guard let result = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw wrong("percent-encoding is not UTF-8")
        }
        return result
    }

    /// Escapes whatever may have a meaning in a URL.
    private static func encoded(_ text: String) -> String {
        let free = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~,".utf8)
        return text.utf8.map { byte in
            if free.contains(byte) { return String(UnicodeScalar(byte)) }
            return "%" + String(byte >> 4, radix: 16, uppercase: true) + String(byte & 15, radix: 16, uppercase: true)
        }.joined()
    }

    private static func hex(_ byte: UInt8) -> UInt8? { Character(UnicodeScalar(byte)).hexDigitValue.map(UInt8.init) }

    mutating func parse() throws(PostgresError) -> Parts {
        var parts = Parts()
        guard let scheme = ["postgres://", "postgresql://"].first(where: { rest.hasPrefix($0) }) else {
            throw Self.wrong("it does not start with postgres://")
        }
        rest = rest.dropFirst(scheme.count)
        if let question = rest.firstIndex(of: "?") {
            for pair in rest[rest.index(after: question)...].split(separator: "&") {
                guard let equals = pair.firstIndex(of: "=") else { throw Self.wrong("a parameter has no value") }
                parts.parameters.append(
                    (try Self.decoded(pair[..<equals]), try Self.decoded(pair[pair.index(after: equals)...])))
            }
            rest = rest[..<question]
        }
        if let slash = rest.firstIndex(of: "/") {
            let name = try Self.decoded(rest[rest.index(after: slash)...])
            if !name.isEmpty { parts.database = name }
            rest = rest[..<slash]
        }
        if let at = rest.lastIndex(of: "@") {
            let login = rest[..<at]
            let colon = login.firstIndex(of: ":") ?? login.endIndex
            let user = try Self.decoded(login[..<colon])
            if !user.isEmpty { parts.user = user }
            if colon < login.endIndex { parts.password = try Self.decoded(login[login.index(after: colon)...]) }
            rest = rest[rest.index(after: at)...]
        }
        try parseHost(into: &parts)
        return parts
    }

    private mutating func parseHost(into parts: inout Parts) throws(PostgresError) {
        if rest.hasPrefix("[") {
            guard let end = rest.firstIndex(of: "]") else { throw Self.wrong("[ without ]") }
            parts.host = String(rest[rest.index(after: rest.startIndex)..<end])
            rest = rest[rest.index(after: end)...]
            if rest.hasPrefix(":") { parts.port = try Self.port(rest.dropFirst()) }
            return
        }
        let colon = rest.lastIndex(of: ":") ?? rest.endIndex
        let host = try Self.decoded(rest[..<colon])
        if !host.isEmpty { parts.host = host }
        if colon < rest.endIndex { parts.port = try Self.port(rest[rest.index(after: colon)...]) }
    }
}
