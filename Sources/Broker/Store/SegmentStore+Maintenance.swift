/// Making and removing segments, one at a time and off the loop.
extension SegmentStore {
    /// Does the next thing that keeps the log in order. Called after every commit; cheap when there is nothing to do.
    func maintain() {
        guard failure == nil else { return }
        if !isMaintaining { makeSegment() }
        removeEmptied()
        compact()
    }

    func removeEmptied() {
        if !isMaintaining, !emptied.isEmpty { removeSegment() }
    }

    // MARK: - Making

    private func makeSegment() {
        guard mayRetry, let segment = open.first(where: { $0.state == .planned }) ?? (next.state == .planned ? next : nil) else {
            return
        }
        segment.state = .preparing
        isMaintaining = true
        let spare = segment.file == nil ? spares.popLast() : nil
        let isNeeded = segment !== next || segment.file != nil
        let order = SegmentFile.Order(
            header: segment.header, capacity: segment.capacity, spare: spare,
            keepFree: isNeeded ? 0 : configuration.freeSpaceLimit)
        let storage = storage
        executor.run(
            { SegmentFile.make(order, in: storage) },
            then: { [weak self] result in self?.segmentWasMade(segment, order, result) })
    }

    private func segmentWasMade(_ segment: Segment, _ order: SegmentFile.Order, _ result: SegmentFile.Making) {
        isMaintaining = false
        switch result {
        case .failed(let error): fail(error)
        case .full(let error, let spareIsLeft):
            segment.state = .planned
            if spareIsLeft, let spare = order.spare { spares.append(spare) }
            becomeFull(error)
        case .made(let file, let writtenThrough):
            segment.file = file
            segment.writtenThrough = max(writtenThrough, segment.writtenThrough)
            // A large message may have asked for more meanwhile.
            segment.state = segment.capacity > order.capacity ? .planned : .ready
            if next.state == .ready { becomeRoomy() }
            if segment !== next { isUrgent = true }
            if isUrgent { commitWhatWaits() } else { maintain() }
        }
    }

    // MARK: - Removing

    private func removeSegment() {
        for number in emptied.sorted() {
            guard let segment = segments[number], segment.state == .sealed, segment.live.isEmpty else {
                emptied.remove(number)
                continue
            }
            // Both come later: the commit, or the end of the segments that it speaks of, looks here again.
            guard segment.releasedBy <= durable, compaction?.segment !== segment else { continue }
            guard segment.references.isEmpty else {
                emptied.remove(number)
                continue
            }
            emptied.remove(number)
            return remove(segment)
        }
    }

    private func remove(_ segment: Segment) {
        segment.state = .leaving
        isMaintaining = true
        let number = segment.number
        let removal: SegmentFile.Removal =
            segment.isDamaged
            ? .setAside
            : spares.count < configuration.spareSegments && segment.capacity == configuration.segmentSize ? .clear : .delete
        files.remove(number)
        blocks.remove(number)
        let storage = storage
        executor.run(
            { () -> Result<SegmentFile.Removal, StoreError> in
                do throws(StoreError) {
                    return .success(try SegmentFile.remove(number, removal, in: storage))
                } catch {
                    // Somebody else has removed it.
                    return error.code == .missing ? .success(.delete) : .failure(error)
                }
            },
            then: { [weak self] result in self?.removalHasEnded(segment, result) })
    }

    private func removalHasEnded(_ segment: Segment, _ result: Result<SegmentFile.Removal, StoreError>) {
        isMaintaining = false
        switch result {
        case .success(let removal): segmentIsGone(segment, removal)
        case .failure(let error):
            // It stays, which does no harm, and the next commit tries again.
            segment.state = .sealed
            emptied.insert(segment.number)
            guard error.isTemporary else { return fail(error) }
            // A new one may have become due meanwhile.
            if failure == nil { makeSegment() }
        }
    }

    private func segmentIsGone(_ segment: Segment, _ removal: SegmentFile.Removal) {
        segments[segment.number] = nil
        statistics.removed += 1
        switch removal {
        case .clear: spares.append(SegmentName.of(segment.number))
        case .setAside:
            statistics.quarantined += 1
            onNotice?(.quarantined(file: SegmentName.damaged(SegmentName.of(segment.number)), lost: segment.lost))
        case .delete: break
        }
        for other in segments.values where other.references.removeValue(forKey: segment.number) != nil {
            if other.references.isEmpty, other.live.isEmpty { emptied.insert(other.number) }
        }
        mayRetry = true
        maintain()
    }
}
