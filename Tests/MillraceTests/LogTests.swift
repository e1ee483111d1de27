import Contracts
import Foundation
import Locking
import Logging
import Observability
import Testing

@Suite("Logs")
struct LogTests {
    private final class Capture: LogSink {
        let lines = Locked<[[UInt8]]>([])
        func write(_ line: [UInt8]) { lines.withLock { $0.append(line) } }
    }

    private func log(level: Logger.Level = .info, _ body: (Logger) -> Void) throws -> [JSONValue] {
        let capture = Capture()
        body(Logger(label: "orders") { JSONLogHandler(label: $0, worker: "orders", level: level, sink: capture) })
        return try capture.lines.withLock { $0 }.map { line in
            #expect(line.last == UInt8(ascii: "\n"))
            #expect(line.filter { $0 == UInt8(ascii: "\n") }.count == 1)
            return try JSONValue.parse(Array(line.dropLast()))
        }
    }

    @Test("a line is one JSON object, whatever is in the message")
    func oneLine() throws {
        let message = "a \"quote\", a \\ slash,\na line, a \u{1} control and ü"
        let lines = try log { $0.info("\(message)", metadata: ["count": "3", "level": "hidden"]) }
        #expect(lines.count == 1)
        #expect(lines[0]["message"]?.stringValue == message)
        #expect(lines[0]["worker"]?.stringValue == "orders")
        #expect(lines[0]["level"]?.stringValue == "info")
        #expect(lines[0]["count"]?.stringValue == "3")
        #expect(lines[0]["time"]?.stringValue?.count == 24)
    }

    @Test("levels below the set one are not written")
    func levels() throws {
        #expect(try log(level: .warning) { $0.info("quiet") }.isEmpty)
        #expect(try log(level: .warning) { $0.error("loud") }.count == 1)
    }

    /// Fails when `Redaction` is left out.
    @Test("secrets are not written")
    func secrets() throws {
        let lines = try log { logger in
            logger.info(
                "connecting to amqp://guest:s3cret@host:5672/ and postgres://u:s3cret@h/d",
                metadata: ["password": "s3cret", "paymentToken": "s3cret", "url": "postgres://u:s3cret@[::1]:5432/d?x=y"])
        }
        let text = lines[0].description
        #expect(!text.contains("s3cret"))
        #expect(text.contains("amqp://guest:[redacted]@host:5672/"))
    }

    @Test(
        "passwords are taken out of URLs, and nothing else",
        arguments: [
            ("cannot reach postgres://u:secret@h:1/d?x=1 now", "cannot reach postgres://u:[redacted]@h:1/d?x=1 now"),
            ("http://127.0.0.1:8080/orders", "http://127.0.0.1:8080/orders"), ("mail to a:b@example.com", "mail to a:b@example.com"),
            ("\"amqp://u:sec:r@et@[::1]:5672\" and amqps://v:x@h", "\"amqp://u:[redacted]@[::1]:5672\" and amqps://v:[redacted]@h"),
            ("http://h:80/a:b@c", "http://h:80/a:b@c"), ("postgres://:secret@h\nnext@line", "postgres://:[redacted]@h\nnext@line"),
        ])
    func urls(_ text: String, _ expected: String) {
        #expect(Redaction.text(text) == expected)
    }

    @Test("lines carry the scope of their task")
    func scope() async throws {
        let capture = Capture()
        let logger = Logger(label: "x") { JSONLogHandler(label: $0, worker: "orders", sink: capture) }
        let id = UUID()
        let scope = LogScope(
            correlation: id, traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", messageType: "order.place")
        await LogScope.withScope(scope) { logger.info("inside") }
        logger.info("outside")
        let lines = try capture.lines.withLock { $0 }.map { try JSONValue.parse($0.dropLast().map { $0 }) }
        #expect(lines[0]["correlation"]?.stringValue == id.uuidString.lowercased())
        #expect(lines[0]["trace"]?.stringValue == "0af7651916cd43dd8448eb211c80319c")
        #expect(lines[0]["message_type"]?.stringValue == "order.place")
        #expect(lines[1]["correlation"] == nil)
        #expect(lines[1]["logger"]?.stringValue == "x")
    }

    @Test(
        "times",
        arguments: [
            (0, 0, "1970-01-01T00:00:00.000Z"), (951_782_400, 7, "2000-02-29T00:00:00.007Z"),
            (1_767_225_599, 999, "2025-12-31T23:59:59.999Z"), (4_107_542_400, 50, "2100-03-01T00:00:00.050Z"),
        ])
    func times(_ seconds: Int, _ milliseconds: Int, _ text: String) {
        #expect(LogTime.format(seconds: seconds, milliseconds: milliseconds) == text)
    }
}
