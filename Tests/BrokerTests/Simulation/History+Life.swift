import Broker

/// Starts, crashes, and the end.
extension History {
    /// The machine loses its power, or the process is killed, and the broker starts again; the power may fail then too.
    func restart() throws {
        if starts > 0 {
            // After a failed sync the system may still show what the disk does not have: only a crash is a true start.
            let isKilled = chance(30) && disk.hasPower && !hasFailed
            if isKilled { disk.kill() } else { disk.crash() }
            book.trace?("\(isKilled ? "killed" : "crashed"), store failed \(hasFailed), files \(disk.names)")
            book.crashed()
        }
        letGo()
        executor.forget()
        time.forgetTimers()
        hasFailed = false
        disk.setFaults {
            $0.capacity = .max
            $0.syncsUntilError = .max
        }
        while core == nil, violation == nil {
            if starts > 0, chance(15) {
                let operations = Int.random(in: 0...30, using: &random)
                disk.setFaults { $0.operationsLeft = operations }
            }
            starts += 1
            do { try start() } catch {
                book.trace?("start \(starts) failed: \(error)")
                if disk.hasPower { book.fail("the broker does not start: \(error)") }
                disk.crash()
                // What the first try had asked of other threads dies with it.
                executor.forget()
                time.forgetTimers()
                hasFailed = false
            }
        }
    }

    /// Nothing of this life of the broker stays.
    private func letGo() {
        core = nil
        store = nil
        seam = nil
        for channel in channels { channel.close() }
        channels = []
    }

    private func start() throws {
        let folder = try DataFolder.open(disk, executor: executor, time: time, configuration: configuration)
        for notice in folder.notices {
            book.trace?("notice: \(notice)")
            if case .damaged = notice { book.fail("a crash was taken for damage: \(notice)") }
        }
        let seam = SabotagedStore(folder.store, sabotage)
        let core = BrokerCore(
            limits: BrokerLimits(), store: seam, definitions: folder.definitions, time: time, nodeName: "simulated")
        folder.store.onFailure = { [unowned self] _ in hasFailed = true }
        core.messageMemory = plan.messageMemory
        core.onLost = { [unowned self] queue, error in
            book.trace?("\(queue.name) lost a message: \(error), power \(disk.hasPower), failed \(hasFailed)")
            if disk.hasPower, !hasFailed { book.fail("a message of \(queue.name) cannot be read: \(error)") }
        }
        try book.recovered(folder, store: folder.store)
        core.restore(
            definitions: folder.changes, entries: folder.entries,
            highestPositions: folder.highestPositions, highestQueueID: folder.highestQueueID)
        self.store = folder.store
        self.seam = seam
        try plan.declare(in: core)
        self.core = core
        disk.setFaults { $0.operationsLeft = $0.operationsLeft < 1_000 ? 1_000 : $0.operationsLeft }
    }

    /// Everything is handled; then nothing may be left, in memory or after one more crash.
    func finish() throws {
        try restart()
        for _ in 0..<4 where violation == nil { drain() }
        settle()
        guard violation == nil, let core else { return }
        let statistics = core.statistics
        if statistics.readyMessages != 0 || statistics.unacknowledgedMessages != 0 {
            book.fail("messages are left: \(statistics)")
        }
        if core.memoryInUse != 0 { book.fail("\(core.memoryInUse) bytes are counted and not there") }
        book.checkAllAccountedFor()
        guard violation == nil else { return }
        letGo()
        disk.crash()
        executor.forget()
        time.forgetTimers()
        let folder = try DataFolder.open(disk, executor: executor, time: time, configuration: configuration)
        if let left = folder.entries.first(where: { !$0.value.isEmpty }) {
            book.fail("\(left.value.count) messages of queue \(left.key.rawValue) came back after all were handled")
        }
    }

    private func drain() {
        guard let host = core?.hosts["/"] else { return }
        for name in plan.names {
            while let queue = host.queues[name], let (entry, message, _) = queue.get(), violation == nil {
                book.delivered(queue, entry, message, noAck: false)
                queue.acknowledge(entry)
                book.acknowledged(queue, entry, at: seam?.appended ?? 0)
            }
        }
        time.advance(by: 100)
        settle()
    }

    private func settle() {
        for _ in 0..<40 {
            store?.requireCommit()
            store?.commit()
            executor.drain()
            time.advance(by: 60)
        }
        afterStep()
        if let store, store.durable != store.appended, !hasFailed {
            book.fail("what was appended does not become durable")
        }
    }
}
