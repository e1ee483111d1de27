import AMQP
import Testing

@Suite struct URITests {
    struct Good: Sendable {
        let url, user, password, host, vhost: String
        let port: Int
        init(_ url: String, _ user: String, _ password: String, _ host: String, _ port: Int, _ vhost: String) {
            (self.url, self.user, self.password, self.host, self.port, self.vhost) = (url, user, password, host, port, vhost)
        }
    }

    /// The table of https://www.rabbitmq.com/docs/uri-spec, appendix A, with the client's own defaults, and more.
    @Test(arguments: [
        Good("amqp://user:pass@host:10000/vhost", "user", "pass", "host", 10000, "vhost"),
        Good("amqp://user%61:%61pass@ho%61st:10000/v%2fhost", "usera", "apass", "hoast", 10000, "v/host"),
        Good("amqp://", "guest", "guest", "localhost", 5672, "/"),
        Good("amqp://:@/", "", "", "localhost", 5672, ""),
        Good("amqp://user@", "user", "guest", "localhost", 5672, "/"),
        Good("amqp://user:pass@", "user", "pass", "localhost", 5672, "/"),
        Good("amqp://host", "guest", "guest", "host", 5672, "/"),
        Good("amqp://:10000", "guest", "guest", "localhost", 10000, "/"),
        Good("amqp:///vhost", "guest", "guest", "localhost", 5672, "vhost"),
        Good("amqp://host/", "guest", "guest", "host", 5672, ""),
        Good("amqp://host/%2F", "guest", "guest", "host", 5672, "/"),
        Good("amqp://host/%2f", "guest", "guest", "host", 5672, "/"),
        Good("amqp://[::1]", "guest", "guest", "::1", 5672, "/"),
        Good("amqp://[::1]:5673/v", "guest", "guest", "::1", 5673, "v"),
        Good("amqps://host", "guest", "guest", "host", 5671, "/"),
        Good("AMQPS://host", "guest", "guest", "host", 5671, "/"),
        Good("amqp://u:p%40%3A%2F@h", "u", "p@:/", "h", 5672, "/"),
        Good("amqp://u:a:b@h", "u", "a:b", "h", 5672, "/"),
        Good("amqp://h/%E2%82%AC+x", "guest", "guest", "h", 5672, "€+x"),
        Good("amqp://h:/v", "guest", "guest", "h", 5672, "v"),
    ])
    func reads(_ good: Good) throws {
        let configuration = try AMQPConfiguration(url: good.url)
        #expect(configuration.user == good.user)
        #expect(configuration.password == good.password)
        #expect(configuration.host == good.host)
        #expect(configuration.port == good.port)
        #expect(configuration.vhost == good.vhost)
    }

    @Test(arguments: [
        "", "host", "http://host", "amqp:/host", "amqp://host:0", "amqp://host:65536", "amqp://host:x", "amqp://host:-1", "amqp://host:+1",
        "amqp://h/a/b", "amqp://h/%", "amqp://h/%2", "amqp://h/%zz", "amqp://h/%ff", "amqp://u:p@w@h", "amqp://[::1", "amqp://[]",
        "amqp://[host]",
        "amqp://[::1]x", "amqp://a b", "amqp://h/\u{7}", "amqp://h#f", "amqp://h?heartbeat=x", "amqp://h?heartbeat=-1",
        "amqp://h?heartbeat=99999",
        "amqp://h?frame_max=1", "amqp://h?cacertfile=/x", "amqps://h?verify=maybe", "amqp://h?auth_mechanism=external",
        "amqp://h%00", "amqp://h/%00", "amqp://u%00@h", "amqp://h/\(String(repeating: "v", count: 256))", "amqp://h:99999999999999999999",
    ])
    func refuses(_ url: String) {
        let error = #expect(throws: AMQPError.self) { try AMQPConfiguration(url: url) }
        #expect(error?.code == .invalidURI)
    }

    @Test func readsParameters() throws {
        let c = try AMQPConfiguration(
            url:
                "amqps://h/v?heartbeat=7&connection_timeout=1500&channel_max=12&frame_max=8192&cacertfile=/ca%20x.pem&certfile=/c.pem&keyfile=/k.pem&verify=verify_peer&server_name_indication=h&unknown=1&connection_name=w"
        )
        #expect(c.heartbeat == 7)
        #expect(c.connectTimeout == .milliseconds(1500))
        #expect(c.channelMax == 12)
        #expect(c.frameMax == 8192)
        #expect(c.connectionName == "w")
        #expect(
            c.tls == AMQPConfiguration.TLS(caCertificateFile: "/ca x.pem", certificateFile: "/c.pem", keyFile: "/k.pem", serverName: "h"))
    }

    @Test func verifiesUnlessToldNotTo() throws {
        #expect(try AMQPConfiguration(url: "amqps://h").tls == AMQPConfiguration.TLS(verifyPeer: true, verifyHostname: true))
        #expect(
            try AMQPConfiguration(url: "amqps://h?verify=verify_none").tls
                == AMQPConfiguration.TLS(verifyPeer: false, verifyHostname: false))
        #expect(
            try AMQPConfiguration(url: "amqps://h?server_name_indication=disable").tls
                == AMQPConfiguration.TLS(verifyPeer: true, verifyHostname: false))
        #expect(try AMQPConfiguration(url: "amqp://h").tls == nil)
    }

    @Test func neverShowsThePassword() throws {
        #expect(!"\(try AMQPConfiguration(url: "amqp://u:secret@h"))".contains("secret"))
        let error = #expect(throws: AMQPError.self) { try AMQPConfiguration(url: "amqp://u:secret@h:x") }
        #expect(!"\(try #require(error))".contains("secret"))
    }

    /// Any text either parses or is refused; none crashes.
    @Test func survivesAnything() {
        var generator = SeededGenerator(seed: 7)
        let alphabet = Array("amqps:/@%2Ff[]?&=#:0123456789 €\u{0}\u{301}")
        for _ in 0..<20_000 {
            let tail = String((0..<Int.random(in: 0...24, using: &generator)).map { _ in alphabet.randomElement(using: &generator) ?? "a" })
            for url in [tail, "amqp://" + tail, "amqps://" + tail] { _ = try? AMQPConfiguration(url: url) }
        }
    }
}

/// SplitMix64: the same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
