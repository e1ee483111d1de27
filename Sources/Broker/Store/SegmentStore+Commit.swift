internal import NIOCore

/// Writing and syncing: one commit at a time.
extension SegmentStore {
    package func commit() {
        mayCompact = true
        mayStep = true
        commitWhatWaits()
    }

    func commitWhatWaits() {
        guard failure == nil, !isWriting else { return }
        guard isUrgent || settlements.count > 8192 || backlog > 1 << 20 else { return waitForCompany() }
        startWrite()
    }

    /// Makes everything appended so far durable soon, though nobody may wait for a message: for `tx.commit`.
    package func requireCommit() { isUrgent = true }

    /// Acknowledgements alone wait a little for a commit that has to be made anyway.
    private func waitForCompany() {
        guard deferred == nil, !settlements.isEmpty || tail.pending.readableBytes > 0 else { return }
        deferred = time.schedule(after: configuration.deferral) { [weak self] in
            guard let self else { return }
            deferred = nil
            guard failure == nil, !isWriting else { return }
            startWrite()
        }
    }

    private func startWrite() {
        flushSettlements()
        let plan = makePlan()
        guard !plan.job.steps.isEmpty else { return finishWithoutWriting(plan) }
        isWriting = true
        if plan.isComplete {
            isUrgent = false
            batch += 1
        }
        deferred?.cancel()
        deferred = nil
        switch configuration.commitPlace ?? policy.place(for: plan.job.bytes) {
        case .loop: finish(plan.job.run(), plan)
        case .thread:
            let job = plan.job
            executor.run({ job.run() }, then: { [weak self] outcome in self?.finish(outcome, plan) })
        }
    }

    /// Nothing to write: the files are still being made, or what was settled is gone with its segments.
    private func finishWithoutWriting(_ plan: Plan) {
        if plan.isComplete {
            isUrgent = false
            if plan.covers > durable {
                durable = plan.covers
                onDurable?()
            }
        }
        maintain()
    }

    // MARK: - The plan

    struct Plan {
        var job = WriteJob()
        var segments: [Segment] = []
        /// Those of them whose end is written too.
        var sealed: [Segment] = []
        /// What is durable afterwards.
        var covers: LogSequence = 0
        /// Whether it takes all that was appended.
        var isComplete = true
    }

    private func makePlan() -> Plan {
        var plan = Plan()
        plan.covers = durable
        for segment in open {
            guard segment.state == .ready, let file = segment.file else {
                // Its file is still being made; what is in it, and behind it, comes with a later commit.
                plan.isComplete = segment === tail && segment.pending.readableBytes == 0
                if plan.isComplete { plan.covers = appended }
                break
            }
            addRecords(of: segment, file, to: &plan)
            if segment.isClosed { addEnd(of: segment, file, to: &plan) }
            plan.covers = segment.isClosed ? max(durable, segment.closedAt) : appended
        }
        return plan
    }

    private func addRecords(of segment: Segment, _ file: any StorageFile, to plan: inout Plan) {
        let bytes = segment.pending.readableBytes
        guard bytes > 0 else { return }
        var written = segment.pending
        segment.pending = spareBuffer
        spareBuffer = ByteBuffer()
        written.writeRepeatingByte(0, count: -segment.tail & (Self.page - 1))
        segment.inFlight = written.getSlice(at: written.readerIndex, length: bytes) ?? written
        segment.inFlightStart = segment.pendingStart
        segment.pendingStart = segment.tail
        plan.job.steps.append(.write(file, written, at: segment.inFlightStart))
        addZeros(behind: segment, bytes, file, to: &plan)
        plan.job.steps.append(.sync(file))
        plan.job.bytes += bytes
        plan.segments.append(segment)
    }

    /// The index is written only when the records are durable: else a crash could leave an index without its records.
    private func addEnd(of segment: Segment, _ file: any StorageFile, to plan: inout Plan) {
        let end = segment.index.sealed(segment.header, recordsEnd: segment.tail, batch: segment.batch)
        plan.job.steps.append(.write(file, end, at: segment.capacity - end.readableBytes))
        plan.job.steps.append(.sync(file))
        plan.sealed.append(segment)
    }

    /// Small commits into a fresh file write zeros ahead of themselves now and then. A sync after writing blocks for the first
    /// time must also change the file system's own records, which takes about twice as long.
    private func addZeros(behind segment: Segment, _ bytes: Int, _ file: any StorageFile, to plan: inout Plan) {
        guard segment.tail > segment.writtenThrough else { return }
        let room = min(Self.zeros.readableBytes, segment.capacity - segment.tail)
        guard bytes < Self.zeros.readableBytes / 4, room > 0, !segment.isClosed else {
            segment.writtenThrough = segment.tail
            return
        }
        if let zeros = Self.zeros.getSlice(at: 0, length: room) {
            plan.job.steps.append(.write(file, zeros, at: segment.tail))
        }
        segment.writtenThrough = segment.tail + room
    }

    /// Writes end with a page of the system's cache: to write a part of one that holds an earlier segment's bytes, the system would have
    /// to read the others first.
    private static let page = 4096

    private static let zeros = ByteBuffer(repeating: 0, count: 1 << 20)

    // MARK: - The outcome

    private func finish(_ outcome: WriteJob.Outcome, _ plan: Plan) {
        isWriting = false
        switch outcome {
        case .failed(let error): fail(error)
        case .full(let error):
            for segment in plan.segments { takeBack(segment) }
            isUrgent = true
            becomeFull(error)
            // What is empty by now is room.
            removeEmptied()
        case .done(let nanoseconds):
            policy.note(nanoseconds, bytes: plan.job.bytes)
            for segment in plan.segments { wasWritten(segment) }
            for segment in plan.sealed { wasSealed(segment) }
            statistics.commits += 1
            statistics.bytes += UInt64(plan.job.bytes)
            durable = max(durable, plan.covers)
            onDurable?()
            // It may have been a write, and not a new segment, that found no room.
            if next.state == .ready { becomeRoomy() }
            maintain()
            if isUrgent { commitWhatWaits() }
        }
    }

    private func wasWritten(_ segment: Segment) {
        var buffer = ByteBuffer()
        swap(&buffer, &segment.inFlight)
        // Used again, unless a burst has made it large.
        guard buffer.capacity <= 4 << 20 else { return }
        buffer.clear()
        spareBuffer = buffer
    }

    private func wasSealed(_ segment: Segment) {
        open.removeAll { $0 === segment }
        if let file = segment.file { files.add(file, segment.number) }
        segment.file = nil
        segment.wasSealed()
        leaveCache(after: segment)
        emptied.insert(segment.number)
        reviewIsDue = true
    }

    /// Takes the oldest out of the system's cache once there are enough.
    private func leaveCache(after segment: Segment) {
        cached.append(segment.number)
        guard cached.count > configuration.cachedSegments else { return }
        guard let file = files.file(cached.removeFirst()) else { return }
        executor.run({ file.dropCached() }, then: { _ in })
    }

    /// After a write that found no room: the same bytes go to the same place later.
    private func takeBack(_ segment: Segment) {
        guard segment.inFlight.readableBytes > 0 else { return }
        var all = segment.inFlight
        all.writeImmutableBuffer(segment.pending)
        segment.pending = all
        segment.pendingStart = segment.inFlightStart
        segment.inFlight = ByteBuffer()
        segment.writtenThrough = min(segment.writtenThrough, segment.pendingStart)
    }

    /// The end: nothing is written any more, and nothing that was not durable ever will be.
    func fail(_ error: StoreError) {
        guard failure == nil else { return }
        failure = error
        deferred?.cancel()
        retryTimer?.cancel()
        maintenanceTimer?.cancel()
        onFailure?(error)
    }
}
