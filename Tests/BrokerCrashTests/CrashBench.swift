import Dispatch
import Foundation
import Locking
import Servers
import Testing

/// A broker process on a folder, and what clients know of it.
struct CrashBench {
    let folder: String
    /// Whether the brokers have segments so small that they compact all the time.
    let hasSmallSegments: Bool

    init(hasSmallSegments: Bool = false) throws {
        self.hasSmallSegments = hasSmallSegments
        folder = NSTemporaryDirectory() + "millrace-crash-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }

    /// Starts the process without waiting for it.
    ///
    /// - Parameters:
    ///   - wrapper: a command that runs it.
    ///   - diskFree: bytes that it leaves free on the disk.
    func spawn(under wrapper: [String] = [], diskFree: Int? = nil) throws -> ChildProcess {
        let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }?.bundlePath ?? CommandLine.arguments[0]
        let program = URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("broker-process").path
        let command = wrapper + [program, folder] + (diskFree.map { ["0", "\($0)"] } ?? [])
        var environment = ProcessInfo.processInfo.environment
        if hasSmallSegments { environment["BROKER_SEGMENTS"] = "small" }
        return try ChildProcess.spawn(
            .init(
                executable: command[0], arguments: Array(command.dropFirst()), environment: environment, standardOutput: .lines,
                standardError: .inherit))
    }

    /// The port, once it is ready.
    func port(of process: ChildProcess) async throws -> Int {
        for await line in process.standardOutput where line.hasPrefix("ready ") {
            if let port = Int(line.dropFirst(6)) { return port }
        }
        throw ServersError(.timeout, "the broker process ended before it was ready: \(await process.wait())")
    }

    func start(under wrapper: [String] = [], diskFree: Int? = nil) async throws -> (ChildProcess, port: Int) {
        let process = try spawn(under: wrapper, diskFree: diskFree)
        return (process, try await port(of: process))
    }
}

/// Runs blocking work on a thread of its own, so that other tests keep theirs.
func onThread<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Swift.Result { try work() }) }
    }
}

/// What publishers and consumers have seen, over all lives of the broker.
struct Ledger: Sendable {
    struct Queue: Sendable {
        var published = 0
        var confirmed: Set<Int> = []
        var consumed: [Int] = []
        /// The highest number that was consumed.
        var farthest = 0
        /// Numbers up to here were consumed, acknowledged, and the acknowledgements synced.
        var settledThrough = 0

        mutating func take(_ number: Int) {
            consumed.append(number)
            farthest = max(farthest, number)
        }
    }

    var queues: [String: Queue] = [:]

    /// The next number of a queue.
    mutating func number(_ queue: String) -> Int {
        queues[queue, default: Queue()].published += 1
        return queues[queue, default: Queue()].published
    }
}

/// Publishers and consumers that go on until the connection is gone.
enum Load {
    static let window = 300

    static func body(_ number: Int) -> [UInt8] {
        Array("message \(number) ".utf8) + [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: number % 900)
    }

    /// A message that fills a segment in a few hundred.
    static func largeBody(_ number: Int) -> [UInt8] {
        body(number) + [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 40_000)
    }

    static func number(_ body: [UInt8]) -> Int? {
        let words = String(decoding: body.prefix(30), as: UTF8.self).split(separator: " ")
        guard words.count >= 2, words[0] == "message", let number = Int(words[1]) else { return nil }
        return body == Self.body(number) || body == largeBody(number) ? number : nil
    }

    /// Publishes to both queues, one message in so many to `keep`, and notes what is confirmed.
    ///
    /// - Parameter lead: how far it may be ahead of whoever consumes `flow`; then it goes on message by message.
    static func publish(
        _ port: Int, _ ledger: borrowing Locked<Ledger>, limit: Int = .max, keepOneIn: UInt64 = 2, lead: Int = .max
    ) {
        guard let client = try? WireClient(port: port), (try? client.selectConfirms()) != nil else { return }
        var open: [UInt64: (String, Int)] = [:]
        var tag: UInt64 = 0
        var done: UInt64 = 0
        do {
            for queue in ["keep", "flow"] { try client.declare(queue) }
            while tag < limit || !open.isEmpty {
                let isAhead = ledger.withLock { $0.queues["flow"].map { $0.published - $0.farthest > lead } ?? false }
                while open.count < (isAhead ? 1 : window), tag < limit {
                    tag += 1
                    let queue = tag % keepOneIn == 0 ? "keep" : "flow"
                    let number = ledger.withLock { $0.number(queue) }
                    open[tag] = (queue, number)
                    client.publish(body(number), to: queue)
                }
                try client.flush()
                let confirm = try client.confirm()
                for tag in (confirm.multiple ? min(done + 1, confirm.tag) : confirm.tag)...confirm.tag {
                    guard let (queue, number) = open.removeValue(forKey: tag), confirm.isPositive else { continue }
                    ledger.withLock { _ = $0.queues[queue]?.confirmed.insert(number) }
                }
                while open[done + 1] == nil, done < tag { done += 1 }
            }
        } catch {}
    }

    /// Consumes and acknowledges until the connection is gone, or `count` messages have come.
    static func consume(_ queue: String, _ port: Int, _ ledger: borrowing Locked<Ledger>, count: Int = .max) throws {
        let client = try WireClient(port: port)
        try client.declare(queue)
        try client.consume(queue, prefetch: 200)
        for _ in 0..<count {
            let delivery = try client.delivery()
            guard let number = number(delivery.body) else {
                Issue.record("a message that nobody has published: \(delivery.body.prefix(40))")
                return
            }
            ledger.withLock { $0.queues[queue]?.take(number) }
            client.acknowledge(delivery.tag, multiple: false)
            // Fewer than the prefetch, so that there is always more to come.
            if delivery.tag % 16 == 0 { try client.flush() }
        }
        try client.flush()
        // Answered only after everything before it was handled.
        try client.declare(queue)
    }

    /// Returns when the acknowledgements that the broker has handled are on the disk. The commit of one message takes them into the
    /// log, so they come before the next message there, which is not confirmed without them.
    static func waitForAcknowledgements(_ port: Int) throws {
        let client = try WireClient(port: port)
        try client.declare("after")
        try client.selectConfirms()
        for _ in 1...2 {
            client.publish([1], to: "after")
            try client.flush()
            #expect(try client.confirm().isPositive)
        }
    }
}
