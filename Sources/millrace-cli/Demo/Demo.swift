import AMQP
import Foundation
import Locking
import Servers

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Runs real orders through every part, then checks that nothing was lost, doubled or left over.
struct Demo: Sendable {
    struct Options: Sendable {
        var orders: [FileOrder]
        var kills: Int
        var seed: UInt64
        var connections: Int
        var rate: Double?
        var leastGravity: Int
        /// How long nothing may move before the run counts as stuck.
        var patience: Duration = .seconds(60)
    }

    let options: Options
    let supervisor: Supervisor
    private let memory = MemoryWatch()
    private var console: Console { .shared }

    init(options: Options, supervisor: Supervisor) {
        self.options = options
        self.supervisor = supervisor
    }

    /// The whole run, servers to verdict.
    func run() async throws -> DemoReport {
        let begin = ContinuousClock.now
        step("starting PostgreSQL, the broker and the workers")
        try await supervisor.prepare()
        try await supervisor.start()
        let workers = await supervisor.workers
        guard let edge = workers.first(where: { $0.manifest.name == "edge" }) else {
            throw UsageFailure("the project has no worker `edge`")
        }
        let startSeconds = (ContinuousClock.now - begin).seconds
        console.say(
            "  ready after \(decimal(startSeconds, 1)) s: " + workers.map { "\($0.manifest.name) :\($0.port)" }.joined(separator: "  "))
        await memory.rest(of: workers)

        let loader = Loader(port: edge.port, options: .init(connections: options.connections, rate: options.rate))
        let catalogue = Catalogue(options.orders)
        step("adding \(catalogue.products.count) products and their stock")
        try await loader.loadProducts(catalogue) { done in
            console.show(progress: "  \(bar(done, catalogue.products.count)) \(done)/\(catalogue.products.count) products")
        }
        try await loader.awaitProducts(catalogue)
        console.endProgress()

        let chaosWords = options.kills > 0 ? ", killing \(options.kills) times (seed \(options.seed))" : ""
        step("posting \(options.orders.count) orders, \(options.connections) at once\(chaosWords)")
        let before = try await audits(workers)
        let start = ContinuousClock.now
        let kills = try await load(loader, start: start, workers: workers)
        let loaded = loader.report

        step("waiting until nothing moves")
        let (audit, end) = try await awaitQuiet(workers, accepted: loaded.accepted)
        let seconds = max(0.001, (end - start).seconds)
        await memory.sample(workers)
        await loader.close()
        let queued = await queuedMessages(workers)
        console.endProgress()
        return await report(
            audit: audit, before: before, load: loaded, seconds: seconds, startSeconds: startSeconds, queued: queued, kills: kills,
            workers: workers)
    }

    // MARK: - Load

    private func load(_ loader: Loader, start: ContinuousClock.Instant, workers: [ManagedWorker]) async throws -> [DemoReport.Kill] {
        try await withThrowingTaskGroup(of: [DemoReport.Kill]?.self) { group in
            group.addTask {
                try await loader.loadOrders(options.orders)
                return nil
            }
            group.addTask {
                try await watch(loader, start: start, workers: workers)
                return nil
            }
            if options.kills > 0 { group.addTask { try await chaos(loader, start: start) } }
            // The loader and the chaos end by themselves; the watcher is then told to.
            var kills: [DemoReport.Kill] = []
            var remaining = options.kills > 0 ? 2 : 1
            while remaining > 0, let result = try await group.next() {
                remaining -= 1
                if let result { kills = result }
            }
            group.cancelAll()
            return kills
        }
    }

    private func watch(_ loader: Loader, start: ContinuousClock.Instant, workers: [ManagedWorker]) async throws {
        var last = ContinuousClock.now - .seconds(60)
        while !Task.isCancelled {
            let report = loader.report
            let line = progressLine(report, seconds: (ContinuousClock.now - start).seconds)
            if console.isInteractive {
                console.show(progress: line)
            } else if ContinuousClock.now - last >= .seconds(5) {
                if report.settled > 0 { console.say(line) }
                last = .now
            }
            await memory.sample(workers)
            do { try await Task.sleep(for: .milliseconds(250)) } catch { break }
        }
        // Stays pending until cancelled, so that the group sees only the ends that count.
        throw CancellationError()
    }

    private func progressLine(_ report: LoadReport, seconds: Double) -> String {
        let rate = seconds > 0 ? Double(report.settled) / seconds : 0
        return "  \(bar(report.settled, options.orders.count)) \(report.settled)/\(options.orders.count)  "
            + "\(report.confirmed) confirmed  \(report.rejectedTotal) rejected  \(report.unknown > 0 ? "\(report.unknown) unknown  " : "")"
            + "\(decimal(rate, 0)) orders/s"
    }

    private func chaos(_ loader: Loader, start: ContinuousClock.Instant) async throws -> [DemoReport.Kill] {
        let parts = await supervisor.parts
        let plan = ChaosPlan(seed: options.seed, count: options.kills, parts: parts.count)
        var kills: [DemoReport.Kill] = []
        for kill in plan.kills {
            let due = Int(kill.at * Double(options.orders.count))
            while loader.report.settled < due { try await Task.sleep(for: .milliseconds(5)) }
            let part = parts[kill.victim]
            let settled = loader.report.settled
            let second = (ContinuousClock.now - start).seconds
            await supervisor.kill(part)
            kills.append(.init(second: second, victim: part.description, settled: settled))
            console.say("  \(console.error("✝", .red)) \(part) killed after \(settled) orders")
            // The next victim dies while the others work, not while this one is still away.
            do {
                try await supervisor.waitUntilReady(timeout: options.patience)
            } catch let error as Failed {
                console.warn("after that kill, \(error)")
            }
        }
        return kills
    }

    // MARK: - Rest

    private func awaitQuiet(_ workers: [ManagedWorker], accepted: Int) async throws -> (Audit, ContinuousClock.Instant) {
        var lastMotion = 0
        var lastMoved = ContinuousClock.now
        while true {
            let asked = ContinuousClock.now
            var audit: Audit?
            do { audit = try await audits(workers) } catch let error as CancellationError { throw error } catch {
                // A server that was just killed is on its way back.
                guard ContinuousClock.now - lastMoved < options.patience else { throw error }
            }
            if let audit {
                if audit.isQuiet { return (audit, asked) }
                if audit.motion != lastMotion { lastMoved = .now }
                lastMotion = audit.motion
                console.show(
                    progress:
                        "  \(audit.count("edge", "commands.pending") ?? 0) commands pending, \(audit.sum("outbox.unsent") ?? 0) messages unsent, \(audit.sum("parked") ?? 0) parked"
                )
                if ContinuousClock.now - lastMoved > options.patience {
                    console.warn("nothing has moved for \(options.patience.components.seconds) s, but not everything has come to its end")
                    await diagnose(workers, audit)
                    return (audit, asked)
                }
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    /// Says where things got stuck.
    private func diagnose(_ workers: [ManagedWorker], _ audit: Audit) async {
        let client = await supervisor.brokerURL().flatMap { try? AMQPConfiguration(url: $0) }.map {
            AMQPClient(configuration: $0, logger: .quiet)
        }
        for worker in workers {
            let name = worker.manifest.name
            var queues: [QueueInfo] = []
            for queue in worker.manifest.queues { if let info = try? await client?.queueInfo(queue) { queues.append(info) } }
            let http = HTTPClient(port: worker.port, connections: 1)
            let health = try? await http.send(.init(method: .GET, path: "/health/ready"), timeout: .seconds(5))
            await http.close()
            let (messages, consumers) = queues.reduce((0, 0)) { ($0.0 + $1.messages, $0.1 + $1.consumers) }
            let queue = queues.isEmpty ? "queue unknown" : "\(messages) queued, \(consumers) consumers"
            let counts = ["outbox.unsent", "parked", "timers.pending"].map { "\(audit.count(name, $0) ?? -1) \($0)" }.joined(
                separator: ", ")
            console.say("  \(name): \(queue), \(counts), \(health.map { String(decoding: $0.body, as: UTF8.self) } ?? "no answer")")
        }
        await client?.close()
    }

    private func audits(_ workers: [ManagedWorker]) async throws -> Audit {
        try await withThrowingTaskGroup(of: (String, [String: Int]).self) { group in
            for worker in workers { group.addTask { (worker.manifest.name, try await worker.audit()) } }
            var all: [String: [String: Int]] = [:]
            for try await (name, counts) in group { all[name] = counts }
            return Audit(workers: all)
        }
    }

    /// Messages in the workers' queues; nil if there is no broker to ask.
    private func queuedMessages(_ workers: [ManagedWorker]) async -> QueuedMessages? {
        guard let url = await supervisor.brokerURL() else { return nil }
        do {
            let client = AMQPClient(configuration: try AMQPConfiguration(url: url), logger: .quiet)
            return try await client.executeThenClose { client in
                var count = 0
                // A worker that handles nothing has no queue.
                for queue in workers.flatMap({ $0.manifest.queues }) { count += try await client.queueInfo(queue)?.messages ?? 0 }
                return QueuedMessages.count(count)
            }
        } catch {
            return .unknown("\(error)")
        }
    }

    // MARK: - Report

    private func report(
        audit: Audit, before: Audit, load: LoadReport, seconds: Double, startSeconds: Double, queued: QueuedMessages?,
        kills: [DemoReport.Kill], workers: [ManagedWorker]
    ) async -> DemoReport {
        let invariants = Invariant.check(audit, load, queued: queued)
        var rows: [DemoReport.Worker] = []
        for worker in workers {
            let name = worker.manifest.name
            let handled = audit.count(name, "inbox.handled") ?? 0
            let during = handled - (before.count(name, "inbox.handled") ?? 0)
            rows.append(
                .init(
                    name: name, handled: handled, handledPerSecond: Double(during) / seconds,
                    residentBytesAtRest: memory.atRest(name), residentBytesMost: memory.most(name), restarts: await worker.restarts,
                    processorSeconds: await worker.pid.flatMap(ProcessTable.processorSeconds)))
        }
        let settled = (audit.count("edge", "orders.confirmed") ?? 0) + (audit.count("edge", "orders.rejected") ?? 0)
        return DemoReport(
            holds: invariants.allSatisfy(\.holds) && (options.kills == 0 || kills.count >= options.kills) && load.refusedTotal == 0,
            invariants: invariants, load: load, ordersPerSecond: Double(settled) / seconds,
            p50Milliseconds: Double(audit.count("edge", "latency.p50.us") ?? 0) / 1000,
            p99Milliseconds: Double(audit.count("edge", "latency.p99.us") ?? 0) / 1000,
            startSeconds: startSeconds, workers: rows, parts: await parts(), kills: kills, seed: options.kills > 0 ? options.seed : nil,
            audit: audit)
    }

    private func parts() async -> [DemoReport.Part] {
        var parts: [DemoReport.Part] = []
        for (name, pid) in await supervisor.serverPIDs {
            if let seconds = ProcessTable.processorSeconds(of: pid) { parts.append(.init(name: name, processorSeconds: seconds)) }
        }
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        let own = Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        parts.append(.init(name: "(loading)", processorSeconds: own))
        return parts
    }

    private func step(_ text: String) {
        console.endProgress()
        console.say(console.error("▸", .cyan) + " " + text)
    }
}

/// `text` of a number with so many digits after the point.
func decimal(_ number: Double, _ digits: Int) -> String {
    guard number.isFinite else { return "–" }
    return String(format: "%.\(digits)f", number)
}

/// A bar of 24 cells.
func bar(_ done: Int, _ all: Int) -> String {
    let cells = all > 0 ? min(24, done * 24 / all) : 0
    return String(repeating: "█", count: cells) + String(repeating: "░", count: 24 - cells)
}

/// The resident memory of the workers, looked at now and then.
final class MemoryWatch: Sendable {
    private let state = Locked<(rest: [String: Int], most: [String: Int])>(([:], [:]))

    /// Notes what they need before there is any work.
    func rest(of workers: [ManagedWorker]) async {
        await sample(workers)
        state.withLock { $0.rest = $0.most }
    }

    func sample(_ workers: [ManagedWorker]) async {
        for worker in workers {
            guard let pid = await worker.pid, let bytes = await ProcessTable.residentBytes(of: pid) else { continue }
            state.withLock { $0.most[worker.manifest.name] = max($0.most[worker.manifest.name] ?? 0, bytes) }
        }
    }

    func atRest(_ name: String) -> Int { state.withLock { $0.rest[name] ?? 0 } }
    func most(_ name: String) -> Int { state.withLock { $0.most[name] ?? 0 } }
}
