import Foundation
import Servers
import Testing

/// The real process and many clients at once.
@Suite(.serialized) struct CrowdTests {
    /// Memory of the process in bytes, and its open descriptors.
    private func usage(_ process: ChildProcess) throws -> (memory: Int, descriptors: Int) {
        let statistics = try String(contentsOfFile: "/proc/\(process.pid)/statm", encoding: .utf8).split(separator: " ")
        let pages = try #require(statistics.count > 1 ? Int(statistics[1]) : nil)
        return (pages * 4096, try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process.pid)/fd").count)
    }

    /// Waits until the broker has closed the sockets of those that are gone, which it does in its own time.
    private func forgets(_ process: ChildProcess, idle: Int) async throws {
        for _ in 0..<1_500 where try usage(process).descriptors > idle + 4 { try await Task.sleep(for: .milliseconds(20)) }
        #expect(try usage(process).descriptors <= idle + 4)
    }

    /// Opens connections in batches and drops them: before a byte, within the protocol header, and with a channel, a queue
    /// and a consumer.
    private func drop(_ count: Int, _ port: Int) throws {
        let batch = 250
        for _ in 0..<count / batch {
            var sockets: [WireSocket] = []
            var clients: [WireClient] = []
            for number in 0..<batch {
                if number % 10 == 0 {
                    let client = try WireClient(port: port)
                    try client.declare("crowd")
                    try client.consume("crowd", prefetch: 10)
                    clients.append(client)
                } else {
                    sockets.append(try WireSocket(port: port))
                    if number % 2 == 0 { sockets.last?.send(Array("AMQP".utf8)) }
                    if number % 3 == 0 { sockets.last?.resetAtEnd() }
                }
            }
        }
    }

    #if os(Linux)
        /// Ten thousand connections leave nothing behind: memory and descriptors are what they were after the first three
        /// thousand, and the broker serves as before. Fails when the loop does not forget a connection whose socket is gone.
        @Test(.timeLimit(.minutes(4))) func tenThousandConnectionsLeaveNothing() async throws {
            let bench = try CrashBench()
            defer { bench.remove() }
            let (process, port) = try await bench.start()
            let idle = try usage(process).descriptors
            try await onThread { try drop(3_000, port) }
            try await forgets(process, idle: idle)
            let before = try usage(process).memory
            try await onThread { try drop(10_000, port) }
            try await forgets(process, idle: idle)
            let after = try usage(process).memory
            print("memory after 3,000 connections: \(before >> 10) KiB, after 13,000: \(after >> 10) KiB")
            // A connection that is not forgotten costs 3 KiB at least.
            #expect(after < before + (16 << 20))
            try await onThread {
                let client = try WireClient(port: port)
                try client.declare("crowd")
                try client.selectConfirms()
                client.publish([1], to: "crowd")
                try client.flush()
                #expect(try client.confirm().isPositive)
            }
            process.kill()
            _ = await process.wait()
        }

        /// When the process may open no more sockets, those it has are served, and it takes new ones as soon as it can.
        @Test(.enabled("prlimit is not installed") { await hasPrlimit() }, .timeLimit(.minutes(4)))
        func survivesWithoutDescriptors() async throws {
            let bench = try CrashBench()
            defer { bench.remove() }
            let (process, port) = try await bench.start(under: ["prlimit", "--nofile=80:80"])
            try await onThread {
                let client = try WireClient(port: port)
                try client.declare("crowd")
                try client.selectConfirms()
                var crowd: [WireSocket] = []
                // The system accepts them; the broker cannot.
                for _ in 0..<200 { crowd.append(try WireSocket(port: port)) }
                for _ in 0..<20 {
                    client.publish([1], to: "crowd")
                    try client.flush()
                    #expect(try client.confirm().isPositive)
                }
                crowd = []
                #expect(try WireClient(port: port).declare("crowd") == 20)
            }
            process.kill()
            _ = await process.wait()
        }
    #endif

    /// A process that was stopped for longer than its clients may be silent goes on with all of them: their heartbeats wait in
    /// the sockets.
    @Test(.timeLimit(.minutes(4))) func keepsClientsWhoseHeartbeatsItMissed() async throws {
        let bench = try CrashBench()
        defer { bench.remove() }
        let (process, port) = try await bench.start()
        let clients = try await onThread {
            let crowd = Clients()
            for _ in 0..<150 {
                crowd.all.append(try WireClient(port: port, heartbeat: 2))
                // Those that came first are not to be silent until the last has come.
                if crowd.all.count % 20 == 0 { try crowd.sendHeartbeats() }
            }
            return crowd
        }
        process.signal(SIGSTOP)
        for _ in 0..<12 {
            try await Task.sleep(for: .milliseconds(500))
            try await onThread { try clients.sendHeartbeats() }
        }
        process.signal(SIGCONT)
        try await onThread {
            for (number, client) in clients.all.enumerated() {
                if number % 20 == 0 { try clients.sendHeartbeats() }
                try client.declare("kept")
            }
        }
        process.kill()
        _ = await process.wait()
    }

    /// Clients that one thread after another uses, never two at a time.
    private final class Clients: @unchecked Sendable {
        var all: [WireClient] = []
        func sendHeartbeats() throws { for client in all { try client.sendHeartbeat() } }
    }

    private static func hasPrlimit() async -> Bool {
        let result = try? await ChildProcess.run(.init(executable: "prlimit", arguments: ["--version"]))
        return result?.status == .exited(0)
    }
}
