import Foundation
import Servers
import Testing

/// What the kernel saw: a confirm leaves only after the message was written and synced.
@Suite struct SyncOrderTests {
    private static let messages = 40

    /// Fails when the sync is taken out of `WriteJob`, or when confirms do not wait for it.
    @Test(.enabled("strace is not installed, or this process may not trace others") { await canTrace() }, .timeLimit(.minutes(4)))
    func syncsBeforeItConfirms() async throws {
        let bench = try CrashBench()
        defer { bench.remove() }
        let trace = bench.folder + ".trace"
        defer { try? FileManager.default.removeItem(atPath: trace) }
        let calls = "trace=pwrite64,pwritev,fdatasync,fsync,write,writev,sendmsg,sendto,sendmmsg"
        let process = try bench.spawn(under: ["strace", "-f", "-xx", "-s", "1000", "-e", calls, "-o", trace])
        let port = try await bench.port(of: process)
        try await onThread {
            let client = try WireClient(port: port)
            try client.declare("traced")
            try client.selectConfirms()
            for number in 0..<Self.messages {
                client.publish(Array(Self.marker(number).utf8), to: "traced")
                try client.flush()
                _ = try client.confirm()
            }
        }
        process.kill()
        _ = await process.wait()
        let lines = try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n").map(String.init)
        try check(lines)
    }

    private static func marker(_ number: Int) -> String { "<traced message \(number)>" }

    private func check(_ lines: [String]) throws {
        // basic.ack on channel 1: type, channel, size 13, class 60, method 80.
        let ack = Self.hex([1, 0, 1, 0, 0, 0, 13, 0, 60, 0, 80])
        var from = 0
        for number in 0..<Self.messages {
            let marker = Self.hex(Array(Self.marker(number).utf8))
            let written = try #require(
                lines[from...].firstIndex { $0.contains("pwrite") && $0.contains(marker) }, "message \(number) was not written")
            let synced = try #require(Self.sync(lines, after: written), "message \(number) was not synced")
            let confirmed = try #require(
                lines[written...].firstIndex { $0.contains(ack) }, "message \(number) was not confirmed")
            #expect(synced < confirmed, "message \(number) was confirmed before it was synced")
            from = confirmed
        }
    }

    /// Where the first sync ends that begins behind a write, and is of the same file: segments are also made ahead and synced
    /// on other threads.
    private static func sync(_ lines: [String], after written: Int) -> Int? {
        // `PID pwrite64(FD, "…`, or in two parts: `PID fdatasync(FD <unfinished ...>`, `PID <... fdatasync resumed>) = 0`.
        guard let open = lines[written].firstIndex(of: "("), let comma = lines[written].firstIndex(of: ",") else { return nil }
        let file = lines[written][lines[written].index(after: open)..<comma]
        let begin = lines[written...].firstIndex { $0.contains("fdatasync(\(file))") || $0.contains("fdatasync(\(file) ") }
        guard let begin, lines[begin].hasSuffix("<unfinished ...>") else { return begin.flatMap { lines[$0].hasSuffix("= 0") ? $0 : nil } }
        let process = lines[begin].prefix { $0 != " " }
        let end = lines[begin...].firstIndex { $0.hasPrefix("\(process) ") && $0.contains("fdatasync resumed") }
        return end.flatMap { lines[$0].hasSuffix("= 0") ? $0 : nil }
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { "\\x" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    static func canTrace() async -> Bool {
        let result = try? await ChildProcess.run(.init(executable: "strace", arguments: ["-o", "/dev/null", "true"]))
        return result?.status == .exited(0)
    }
}
