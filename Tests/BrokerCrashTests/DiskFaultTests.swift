import Foundation
import Locking
import Servers
import Testing

/// The real process on a disk that fails or is full.
@Suite(.serialized) struct DiskFaultTests {
    /// All that was confirmed is there after the next start.
    private func expectConfirmed(_ bench: CrashBench, _ ledger: SharedLedger) async throws {
        let (process, port) = try await bench.start()
        for queue in ["keep", "flow"] {
            try await onThread {
                let count = try WireClient(port: port).declare(queue)
                try Load.consume(queue, port, ledger.value, count: count)
            }
            let state = try #require(ledger.value.withLock { $0.queues[queue] })
            let missing = state.confirmed.subtracting(state.consumed)
            #expect(missing.isEmpty, "confirmed and lost: \(missing.sorted().prefix(10))")
        }
        process.kill()
        _ = await process.wait()
    }

    /// A sync that fails is the end: no confirm leaves after it, it is not tried again, and the process ends and says so. Fails
    /// when a failed sync is taken for a good one, and when it is tried once more (each in `WriteJob`).
    @Test(
        .enabled("strace is not installed, or this process may not trace others") { await SyncOrderTests.canTrace() },
        .timeLimit(.minutes(4)))
    func stopsWhenASyncFails() async throws {
        let bench = try CrashBench()
        defer { bench.remove() }
        let trace = bench.folder + ".trace"
        defer { try? FileManager.default.removeItem(atPath: trace) }
        let ledger = SharedLedger()
        let (process, port) = try await bench.start(under: [
            "strace", "-f", "-xx", "-s", "60000", "-o", trace, "-e", "trace=fdatasync,write,writev,sendmsg,sendto,sendmmsg",
            "-e", "inject=fdatasync:error=EIO:when=40+",
        ])
        try await onThread { Load.publish(port, ledger.value) }
        #expect(await process.wait() == .exited(5))
        let lines = try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n")
        let failed = try #require(lines.firstIndex { $0.contains("EIO") }, "no sync has failed")
        // basic.ack on channel 1: type, channel, size 13, class 60, method 80.
        let ack = "\\x01\\x00\\x01\\x00\\x00\\x00\\x0d\\x00\\x3c\\x00\\x50"
        #expect(lines[..<failed].contains { $0.contains(ack) })
        #expect(!lines[failed...].contains { $0.contains(ack) }, "a confirm has left after the sync failed")
        // Another thread may be about to sync another file, for example the next segment.
        let thread = lines[failed].prefix { $0 != " " }
        let call = try #require(lines[...failed].last { $0.hasPrefix(thread + " ") && $0.contains("fdatasync(") })
        let file = try #require(call.firstRange(of: "fdatasync(")).upperBound
        let again = "fdatasync(" + call[file...].prefix { $0.isNumber }
        #expect(
            !lines[(failed + 1)...].contains { line in
                line.firstRange(of: again).map { !(line[$0.upperBound...].first?.isNumber ?? false) } ?? false
            }, "there was another sync of the file whose sync had failed")
        #expect(ledger.value.withLock { $0.queues["keep"]?.confirmed.isEmpty } == false)
        try await expectConfirmed(bench, ledger)
    }

    #if os(Linux)
        /// Publishers are blocked when the disk is full and go on when consumers have made room; what was confirmed before and
        /// after is there when the process is killed. Fails when the broker is not told that the log is full (`onFull`).
        @Test(.enabled(if: geteuid() == 0, "mounting a small file system needs root"), .timeLimit(.minutes(4)))
        func waitsWhileTheDiskIsFull() async throws {
            let bench = try CrashBench()
            defer { bench.remove() }
            try #require(
                mount("tmpfs", bench.folder, "tmpfs", 0, "size=80m") == 0, "cannot mount a tmpfs: \(String(cString: strerror(errno)))")
            defer { _ = umount2(bench.folder, Int32(MNT_DETACH)) }
            let ledger = SharedLedger()
            let (process, port) = try await bench.start(diskFree: 0)
            try await onThread {
                let publisher = try BlockedPublisher(port: port, ledger: ledger)
                try reporting("until it is blocked") { try publisher.publishUntilBlocked() }
                let confirmed = ledger.value.withLock { $0.queues["keep"]?.confirmed.count ?? 0 }
                #expect(confirmed > 100, "\(confirmed)")
                // Who publishes nothing is served; what is taken makes room.
                let waiting = try reporting("counting") { try WireClient(port: port).declare("keep") }
                #expect(waiting >= confirmed)
                try reporting("taking \(waiting), \(confirmed) confirmed") { try Load.consume("keep", port, ledger.value, count: waiting) }
                try reporting("waiting for the confirms") { try publisher.waitUntilAllIsConfirmed() }
                try publisher.publish(50)
                try reporting("waiting for the last confirms") { try publisher.waitUntilAllIsConfirmed() }
            }
            process.kill()
            _ = await process.wait()
            ledger.value.withLock { $0.queues["flow"] = .init() }
            try await expectConfirmed(bench, ledger)
        }
    #endif
}

/// Says what was being done when `body` throws.
private func reporting<R>(_ step: String, _ body: () throws -> R) throws -> R {
    do {
        return try body()
    } catch {
        Issue.record("\(step): \(error)")
        throw error
    }
}

/// Publishes large messages to `keep` with a window, as long as it may.
private final class BlockedPublisher {
    private static let window = 20

    private let client: WireClient
    private let ledger: SharedLedger
    private var open: [UInt64: Int] = [:]
    private var tag: UInt64 = 0
    private var settled: UInt64 = 0
    private(set) var isBlocked = false

    init(port: Int, ledger: SharedLedger) throws {
        self.ledger = ledger
        client = try WireClient(port: port)
        try client.declare("keep")
        try client.declare("flow")
        try client.selectConfirms()
    }

    func publish(_ count: Int) throws {
        for _ in 0..<count {
            tag += 1
            let number = ledger.value.withLock { $0.number("keep") }
            open[tag] = number
            client.publish(Load.largeBody(number), to: "keep")
        }
        try client.flush()
    }

    func publishUntilBlocked() throws {
        while !isBlocked {
            if open.count < Self.window { try publish(Self.window - open.count) }
            try takeNotice()
        }
    }

    func waitUntilAllIsConfirmed() throws {
        while !open.isEmpty || isBlocked { try takeNotice() }
    }

    private func takeNotice() throws {
        switch try client.notice() {
        case .blocked: isBlocked = true
        case .unblocked: isBlocked = false
        case .confirm(let tag, let multiple, let isPositive):
            for tag in (multiple ? settled + 1 : tag)...tag {
                guard let number = open.removeValue(forKey: tag), isPositive else { continue }
                ledger.value.withLock { _ = $0.queues["keep"]?.confirmed.insert(number) }
            }
            settled = max(settled, multiple ? tag : settled)
        }
    }
}
