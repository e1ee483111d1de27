import Logging
import Postgres
import ServiceLifecycle

/// Runs the parts of a ``Messaging`` and ends them in order: first what takes work, then what finishes it, last the
/// relay, so that what was committed is also published.
struct MessagingRunner: Sendable {
    let core: MessagingCore
    let submitter: Submitter
    let relay: OutboxRelay

    func run() async throws {
        core.state.withLock { $0.phase = .running }
        // The work runs outside of the caller's task: cancelling it must drain like a graceful shutdown, not cut the
        // running transaction.
        let work = Task { await runParts() }
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await work.value
            } onGracefulShutdown: {
                core.beginDrain()
            }
        } onCancel: {
            core.beginDrain()
        }
        core.state.withLock { $0 = MessagingState(phase: .stopped) }
    }

    private func runParts() async {
        // All of them mostly wait for the database: on the thread of its connections they need no other.
        let executor = PostgresClient.executor
        let relaying = Task(executorPreference: executor) { await relay.run() }
        let submitting = Task(executorPreference: executor) { await submitter.run() }
        let workers = [
            Task(executorPreference: executor) { await TimerRunner(core: core).run() },
            Task(executorPreference: executor) { await Retention(core: core).run() },
            Task(executorPreference: executor) { await ParkedRetrier(core: core).run() },
            Task(executorPreference: executor) { await consume() },
        ]
        let all = workers + [relaying, submitting]

        await core.end.wait()
        let finished = Latch()
        let deadline = Task {
            guard (try? await Task.sleep(for: core.configuration.drainTimeout)) != nil else { return }
            core.logger.warning("draining took too long; the rest is left to the next start")
            core.abort.set()
            for task in all { task.cancel() }
            // A handler may not listen to its cancellation; the process must end nevertheless.
            guard (try? await Task.sleep(for: Self.patience)) != nil else { return }
            finished.set()
        }
        Task { [workers] in
            for worker in workers { await worker.value }
            submitter.close()
            await submitting.value
            core.relayStop.set()
            core.relayWake.signal()
            await relaying.value
            finished.set()
        }
        await finished.wait()
        deadline.cancel()
    }

    /// How long cancelled tasks have to end.
    private static let patience: Duration = .seconds(1)

    /// Declares the topology as soon as the broker is there, then consumes all queues side by side.
    private func consume() async {
        var tries = 0
        while core.configuration.declaresTopology, !core.stop.isSet {
            do {
                try await WorkerTopology.declare(core.configuration, core.handlers, on: core.amqp)
                break
            } catch {
                tries += 1
                core.logger.log(
                    level: tries % 20 == 1 ? .warning : .debug, "the topology is not declared yet", metadata: ["error": "\(error)"])
                await core.sleep(.milliseconds(min(100 * tries, 2_000)))
            }
        }
        guard !core.stop.isSet else { return }
        guard !core.handlers.bindings.isEmpty else {
            core.state.withLock { $0.isConsuming = true }
            return
        }
        let balance = PartitionBalance(core: core)
        await withTaskGroup(of: Void.self) { group in
            for (partition, queue) in core.configuration.queues.enumerated() {
                group.addTask { await QueueConsumer(core: core, queue: queue, partition: partition, balance: balance).run() }
            }
            if let balance { group.addTask { await balance.run() } }
        }
    }
}

extension MessagingCore {
    /// Sleeps, but not beyond the beginning of the draining.
    func sleep(_ duration: Duration) async {
        let wake = Wakeup()
        let action = stop.onSet { wake.signal() }
        await wake.wait(upTo: duration)
        stop.forget(action)
    }
}
