import Foundation
import Locking
import Servers
import Testing

/// The real process is killed over and over, under load, while it starts, and while it compacts.
@Suite(.serialized) struct KilledBrokerTests {
    static let rounds = 200

    /// When a process is killed.
    private enum Moment: CaseIterable {
        /// While it starts and reads what the one before has left.
        case starting
        /// At any time under load.
        case loaded
        /// While it compacts, under load.
        case compacting, compactingLater
    }

    /// Every confirmed message is there, once, and in order; what was consumed and acknowledged does not come back. Three in
    /// four rounds publish to `keep` and `flow` and consume `flow`, which leaves segments with few live messages, and so the
    /// broker compacts; two of them kill it while it does. In the fourth it dies while it starts.
    @Test(.timeLimit(.minutes(10))) func keepsEveryConfirmedMessage() async throws {
        let bench = try CrashBench(hasSmallSegments: true)
        defer { bench.remove() }
        let ledger = SharedLedger()
        var (inStart, inCompaction) = (0, 0)
        for round in 1...Self.rounds {
            let moment = Moment.allCases[round % Moment.allCases.count]
            let lines = moment == .starting ? try await killAtStart(bench) : try await killUnderLoad(bench, ledger, moment)
            if moment == .starting, lines.isEmpty { inStart += 1 }
            if lines.last == "compacting" { inCompaction += 1 }
            if round % 10 == 0 { try await empty("keep", bench, ledger, isLast: round == Self.rounds) }
        }
        try await empty("flow", bench, ledger, isLast: true)
        let confirmed = ledger.value.withLock { $0.queues.mapValues(\.confirmed.count) }
        print("killed \(Self.rounds) times, \(inStart) before it was ready, \(inCompaction) in a compaction; confirmed: \(confirmed)")
        // So that there was something to lose.
        #expect(confirmed.values.allSatisfy { $0 > Self.rounds })
        // And so that it was lost at the moments that this is about.
        #expect(inStart > Self.rounds / 20 && inCompaction > Self.rounds / 10)
    }

    /// - Returns: what it has said after it began to start.
    private func killAtStart(_ bench: CrashBench) async throws -> [String] {
        let process = try bench.spawn()
        for await line in process.standardOutput where line == "starting" { break }
        try await Task.sleep(for: .microseconds(Int.random(in: 0...8_000)))
        return await kill(process)
    }

    /// - Returns: what it has said since it was ready, or since it began the compaction that was waited for, with that.
    private func killUnderLoad(_ bench: CrashBench, _ ledger: SharedLedger, _ moment: Moment) async throws -> [String] {
        let (process, port) = try await bench.start()
        async let publisher: Void = onThread { Load.publish(port, ledger.value, keepOneIn: 8, lead: 5_000) }
        async let consumer: Void = onThread { try? Load.consume("flow", port, ledger.value) }
        var lines: [String] = []
        if moment == .loaded {
            try await Task.sleep(for: .milliseconds(Int.random(in: 20...250)))
        } else {
            // A broker that does not compact is killed too, and counts as one that was not compacting.
            let patience = Task {
                try await Task.sleep(for: .seconds(20))
                process.kill()
            }
            for await line in process.standardOutput where line == "compacting" {
                lines = [line]
                break
            }
            patience.cancel()
            if moment == .compactingLater { try await Task.sleep(for: .microseconds(Int.random(in: 0...5_000))) }
        }
        lines += await kill(process)
        _ = try await (publisher, consumer)
        return lines
    }

    /// - Returns: what it has said that nobody has read yet.
    private func kill(_ process: ChildProcess) async -> [String] {
        process.kill()
        _ = await process.wait()
        var lines: [String] = []
        for await line in process.standardOutput { lines.append(line) }
        return lines
    }

    /// Starts the broker, takes everything out of a queue, and compares it with what was confirmed.
    private func empty(_ queue: String, _ bench: CrashBench, _ ledger: SharedLedger, isLast: Bool) async throws {
        let (process, port) = try await bench.start()
        let before = ledger.value.withLock { $0.queues[queue]?.consumed.count ?? 0 }
        try await onThread {
            let count = try WireClient(port: port).declare(queue)
            try Load.consume(queue, port, ledger.value, count: count)
            // Acknowledgements wait for company before they are written.
            try Load.waitForAcknowledgements(port)
        }
        process.kill()
        _ = await process.wait()
        let state = try #require(ledger.value.withLock { $0.queues[queue] })
        let taken = state.consumed[before...]
        if queue == "keep" {
            #expect(zip(taken, taken.dropFirst()).allSatisfy { $0 < $1 }, "once, and in order")
            #expect(taken.allSatisfy { $0 > state.settledThrough }, "what was settled has come back")
            let missing = state.confirmed.filter { $0 > state.settledThrough }.subtracting(taken)
            #expect(missing.isEmpty, "confirmed and lost: \(missing.sorted().prefix(10))")
        }
        let missing = state.confirmed.subtracting(state.consumed)
        #expect(!isLast || missing.isEmpty, "confirmed and lost: \(missing.sorted().prefix(10))")
        #expect(state.consumed.allSatisfy { $0 <= state.published })
        ledger.value.withLock { $0.queues[queue]?.settledThrough = taken.last ?? state.settledThrough }
    }

    /// A process that is stopped for a while goes on as if nothing had been.
    @Test(.timeLimit(.minutes(4))) func goesOnAfterBeingStopped() async throws {
        let bench = try CrashBench()
        defer { bench.remove() }
        let ledger = SharedLedger()
        let (process, port) = try await bench.start()
        async let publisher: Void = onThread { Load.publish(port, ledger.value, limit: 20_000) }
        for _ in 0..<5 {
            try await Task.sleep(for: .milliseconds(100))
            process.signal(SIGSTOP)
            try await Task.sleep(for: .milliseconds(200))
            process.signal(SIGCONT)
        }
        try await publisher
        process.kill()
        _ = await process.wait()
        #expect(ledger.value.withLock { $0.queues["keep"]?.confirmed.count } == 10_000)
        try await empty("keep", bench, ledger, isLast: true)
    }

    /// The lock of the folder goes with the process, and holds while it lives.
    @Test(.timeLimit(.minutes(3))) func sharesItsFolderWithNobody() async throws {
        let bench = try CrashBench()
        defer { bench.remove() }
        let (first, _) = try await bench.start()
        let second = try bench.spawn()
        #expect(await second.wait() == .exited(3))
        first.kill()
        _ = await first.wait()
        let (third, _) = try await bench.start()
        third.kill()
        _ = await third.wait()
    }
}

/// A ledger that threads share.
final class SharedLedger: Sendable {
    let value = Locked(Ledger())
}
