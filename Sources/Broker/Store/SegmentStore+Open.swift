/// Starting and ending.
extension SegmentStore {
    /// What a store found when it was opened.
    package struct Recovery {
        /// Live messages by queue, in order of position.
        package var entries: [QueueID: [RecoveredEntry]]
        /// The highest position of each queue that any record still speaks of. Positions must go on above it.
        package var highestPositions: [QueueID: UInt64]
        package var notices: [StoreNotice]
    }

    /// Opens the log in a folder, or begins one.
    ///
    /// - Parameter executor: runs what must not wait on the loop.
    /// - Throws: `unknownFormat` if a later version wrote it; `inputOutput`. Damaged files are no error: see
    ///   `Recovery.notices`.
    package static func open(
        _ storage: any Storage, executor: any DiskExecutor, time: any Timekeeper,
        configuration: SegmentStoreConfiguration = SegmentStoreConfiguration()
    ) throws(StoreError) -> (SegmentStore, Recovery) {
        var log = try SegmentRecovery.run(storage, segmentSize: configuration.segmentSize)
        let recovery = Recovery(entries: log.entries, highestPositions: log.highestPositions, notices: log.notices)
        log.entries = [:]
        let store = SegmentStore(log, storage: storage, executor: executor, time: time, configuration: configuration)
        store.begin(log)
        return (store, recovery)
    }

    private func begin(_ log: RecoveredLog) {
        for segment in log.segments where segment.live.isEmpty { emptied.insert(segment.number) }
        for settlement in log.settlements { note(settlement) }
        if !log.settlements.isEmpty { isUrgent = true }
        maintain()
        // Nothing is moved before the queues know their entries: compaction begins with the first commit, or soon.
        guard !log.segments.isEmpty else { return }
        maintenanceTimer = time.schedule(after: configuration.deferral) { [weak self] in
            guard let self else { return }
            maintenanceTimer = nil
            guard failure == nil, !isClosing else { return }
            mayCompact = true
            mayStep = true
            maintain()
        }
    }

    /// Makes everything durable, waits for it, and seals the log, so that the next start need not read its end. The store
    /// must not be used afterwards. Blocks.
    package func close() {
        isClosing = true
        executor.drain()
        for _ in 0..<100 where failure == nil && (durable < appended || hasUnwritten) {
            isUrgent = true
            commitWhatWaits()
            executor.drain()
        }
        guard failure == nil else { return }
        sealTail()
        discardUnused()
        executor.drain()
        failure = StoreError(.missing, "the store is closed")
        deferred?.cancel()
        retryTimer?.cancel()
        maintenanceTimer?.cancel()
    }

    private var hasUnwritten: Bool { !settlements.isEmpty || open.contains { $0.pending.readableBytes > 0 } }

    private func sealTail() {
        let segment = tail
        guard segment.tail > SegmentFormat.dataStart, segment.pending.readableBytes == 0, let file = segment.file else { return }
        let end = segment.index.sealed(segment.header, recordsEnd: segment.tail, batch: segment.batch)
        // Without its end it is read record by record at the next start; no more than that depends on it.
        try? file.truncate(segment.tail)
        try? WriteJob.write(end, to: file, at: segment.tail)
        try? file.sync()
    }

    /// What was made ahead and holds nothing says so, lest the next start reads all of it to find that out. A file whose blocks were
    /// never written does not stay: the next start would take them for written ones, to which a sync is cheap.
    private func discardUnused() {
        for segment in [tail, next] where segment.state == .ready && segment.tail == SegmentFormat.dataStart {
            let wasWritten = segment.writtenThrough > SegmentFormat.dataStart
            _ = try? SegmentFile.remove(segment.header.number, wasWritten ? .clear : .delete, in: storage)
        }
    }
}
