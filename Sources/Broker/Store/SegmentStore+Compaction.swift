internal import NIOCore

/// A segment whose live messages are being copied to the tail.
struct Compaction {
    let segment: Segment
    let file: any StorageFile
    let index: SegmentIndex
    /// How far the messages of the index are done.
    var position = 0
    /// Settlements of the index that other segments still need, in order; those before `carried` are done.
    let settlements: [Settlement]
    var carried = 0
}

/// Compaction: copies the few live messages of a sparse segment, and the settlements that others still need, to the tail, so
/// that one stuck message cannot keep a whole file. A copied message settles its original in the same record.
extension SegmentStore {
    func compact() {
        // One step for each commit that somebody asks for: what compaction itself appends must not drive it.
        guard mayCompact, mayStep, !isClosing else { return }
        mayStep = false
        if compaction == nil { beginCompaction() }
        guard var work = compaction else { return }
        // The disk comes first: what is copied must not pile up in memory.
        if backlog < 4 * configuration.compactionStep {
            compaction = nil
            let isDone = step(&work)
            if isDone { endCompaction(work) } else { compaction = work }
        }
        wakeForCompaction()
    }

    private func beginCompaction() {
        guard reviewIsDue || settledSinceReview > 4096 else { return }
        reviewIsDue = false
        settledSinceReview = 0
        let candidates = segments.values.filter { $0.state == .sealed && $0.isWorthCompacting }.map {
            CompactionPolicy.Candidate(
                number: $0.number, capacity: $0.capacity,
                keeps: $0.liveBytes + $0.references.values.reduce(0, +) * Settlement.size, isDamaged: $0.isDamaged)
        }
        let room = isFull ? (tail.capacity - tail.tail) / 4 : Int.max
        let policy = CompactionPolicy(
            slack: isFull ? configuration.segmentSize : configuration.slack, segmentSize: configuration.segmentSize, room: room)
        guard let number = policy.choose(candidates.sorted { $0.number < $1.number }), let segment = segments[number] else {
            return
        }
        // A file that cannot be read now is left for another time; whoever needs its messages learns why.
        guard let file = try? file(of: segment), let index = readIndex(of: segment, file) else { return }
        var needed: [Settlement] = []
        index.forEachSettlement { if $0.segment != number, segments[$0.segment] != nil { needed.append($0) } }
        compaction = Compaction(segment: segment, file: file, index: index, settlements: needed)
        configuration.onCompaction?(number, .begins)
    }

    private func readIndex(of segment: Segment, _ file: any StorageFile) -> SegmentIndex? {
        if let index = try? SegmentReader(file).index(segment.header) { return index }
        guard let scan = try? SegmentScan(file, segment.header) else { return nil }
        segment.isDamaged = true
        return scan.index
    }

    /// Copies for about `compactionStep` bytes; true when all is copied.
    private func step(_ work: inout Compaction) -> Bool {
        var budget = configuration.compactionStep
        // Others may have pushed it out since: a message must not count as lost because no file can be opened just now.
        if files.file(work.segment.number) == nil { files.add(work.file, work.segment.number) }
        while work.carried < work.settlements.count, budget > 0 {
            carry(work.settlements[work.carried])
            work.carried += 1
            budget -= Settlement.size
        }
        while budget > 0 {
            guard let (entry, slots) = work.index.nextMessage(&work.position) else { return true }
            let live = slots.filter { work.segment.live.contains($0.slot.queue.rawValue, $0.slot.position) }
            guard !live.isEmpty else { continue }
            relocate(entry, live, work)
            budget -= Int(entry.length)
        }
        return false
    }

    /// Repeats a settlement, if anything that it speaks of is still there.
    private func carry(_ settlement: Settlement) {
        guard let target = segments[settlement.segment] else { return }
        if settlement.kind == .deliveryCount {
            guard target.live.contains(settlement.queue, settlement.position) else { return }
        }
        note(settlement)
    }

    private func relocate(_ entry: SegmentIndex.Entry, _ live: [MessageRecord.Slot], _ work: Compaction) {
        let number = work.segment.number
        for slot in live { work.segment.live.remove(slot.slot.queue.rawValue, slot.slot.position) }
        guard let message = try? load(StoredMessage(segment: number, offset: entry.offset, length: entry.length)) else {
            work.segment.lost += live.count
            work.segment.isDamaged = true
            return
        }
        let slots = live.map { slot in
            MessageRecord.Slot(slot: slot.slot, deliveryCount: deliveryCounts.isEmpty ? 0 : deliveryCounts[slot.slot.key] ?? 0)
        }
        appended += 1
        let stored = write(
            MessageRecord(
                message: message, slots: slots, settlements: live.map { .settled(number, $0.slot) },
                isTransient: entry.isTransient))
        for slot in slots { onRelocated?(slot.slot, stored) }
    }

    private func endCompaction(_ work: Compaction) {
        let segment = work.segment
        // Only what could not be read can be left. Its queue learns so when it asks for it.
        segment.lost += segment.live.count
        segment.live = SlotSet()
        // Their copies are in the log; once those are durable nobody needs the originals.
        segment.references = [:]
        segment.releasedBy = appended
        segment.isCompacted = true
        statistics.compacted += 1
        configuration.onCompaction?(segment.number, .ends)
        emptied.insert(segment.number)
        reviewIsDue = true
        isUrgent = true
    }

    /// Goes on without traffic too: after a short while, so that clients come first.
    private func wakeForCompaction() {
        guard maintenanceTimer == nil, failure == nil, compaction != nil || (isUrgent && !isWriting) else { return }
        maintenanceTimer = time.schedule(after: 1) { [weak self] in
            guard let self else { return }
            maintenanceTimer = nil
            guard failure == nil else { return }
            isUrgent = true
            mayStep = true
            commitWhatWaits()
        }
    }
}
