extension PostgresConfiguration {
    /// Reads a connection URL: `postgres://user:password@host:port/database?name=value&…`.
    ///
    /// User, password, host and database may be percent-encoded. Of the parameters, `host` (also a socket folder), `port`, `user`,
    /// `password`, `dbname`, `sslmode`, `sslrootcert`, `sslcert`, `sslkey`, `options`, `application_name`, `search_path`,
    /// `connect_timeout` (seconds) and `statement_timeout` (milliseconds) have a meaning here; others go to libpq as they are.
    /// - Throws: code `usage`; the message never holds the URL, because that has the password.
    public init(url: String) throws(PostgresError) {
        var parser = URLParser(url)
        let parts = try parser.parse()
        self.init(
            host: parts.host ?? "127.0.0.1", port: parts.port ?? 5432, user: parts.user ?? "postgres", password: parts.password,
            database: parts.database ?? parts.user ?? "postgres")
        for (name, value) in parts.parameters { try apply(name, value) }
    }

    private mutating func apply(_ name: String, _ value: String) throws(PostgresError) {
        switch name {
        case "host": host = value
        case "port": port = try URLParser.port(value)
        case "user": user = value
        case "password": password = value
        case "dbname": database = value
        case "sslmode":
            guard let mode = SSLMode(rawValue: value) else { throw URLParser.wrong("sslmode is not one of libpq's") }
            sslMode = mode
        case "sslrootcert": sslRootCert = value
        case "sslcert": sslCert = value
        case "sslkey": sslKey = value
        case "options": options = value
        case "application_name": applicationName = value
        case "search_path": searchPath = value
        case "connect_timeout":
            guard let seconds = Int(value), seconds >= 0 else { throw URLParser.wrong("connect_timeout is not a number") }
            if seconds > 0 { connectTimeout = .seconds(seconds) }
        case "statement_timeout":
            guard let milliseconds = Int(value), milliseconds >= 0 else {
                throw URLParser.wrong("statement_timeout is not a number of milliseconds")
            }
            statementTimeout = milliseconds == 0 ? nil : .milliseconds(milliseconds)
        default:
            parameters[name] = value
        }
    }
}

/// Takes a URL apart by hand: Foundation refuses socket paths and several hosts, which libpq allows.
private struct URLParser {
    struct Parts {
        var user: String?
        var password: String?
        var host: String?
        var port: Int?
        var database: String?
        var parameters: [(String, String)] = []
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
