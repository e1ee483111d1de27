internal import NIOCore

/// Telling a torn tail from a damaged file, and closing what a crash has left open.
extension SegmentRecovery {
    mutating func judgeScans() throws(StoreError) {
        let lastBatch = log.nextBatch - 1
        let last = found.last { $0.trailer != nil || $0.scan?.isEmpty == false }?.header.number ?? 0
        for position in found.indices {
            guard let scan = found[position].scan, found[position].damage == nil else { continue }
            let isFollowed = found[position].header.number < last
            if let reason = scan.damage(lastBatch: lastBatch, isFollowed: isFollowed) {
                found[position].damage = reason
            } else {
                let bytes = scan.records.gaps.reduce(0) { $0 + $1.length }
                if bytes > 0 { log.notices.append(.tornTail(file: found[position].name, bytes: bytes)) }
            }
        }
        for (position, entry) in found.enumerated() {
            guard let damage = entry.damage else { continue }
            log.segments[position].isDamaged = true
            log.notices.append(.damaged(file: entry.name, reason: damage))
        }
    }

    mutating func sealOpenSegments() throws(StoreError) {
        for position in found.indices where found[position].trailer == nil {
            guard let scan = found[position].scan else { continue }
            if scan.isEmpty, found[position].damage == nil {
                try dropEmpty(position)
            } else if found[position].damage == nil {
                try seal(position, scan)
            }
        }
        let dropped = Set(found.indices.filter { found[$0].size == 0 })
        guard !dropped.isEmpty else { return }
        found = found.indices.filter { !dropped.contains($0) }.map { found[$0] }
        log.segments = log.segments.indices.filter { !dropped.contains($0) }.map { log.segments[$0] }
    }

    /// It was made ahead and never written to, or all that was written is torn.
    private mutating func dropEmpty(_ position: Int) throws(StoreError) {
        let entry = found[position]
        found[position].size = 0
        guard entry.size == segmentSize, log.spares.count < 8 else { return try storage.remove(entry.name) }
        // Without its header the next start will not wonder what has become of its records.
        try SegmentFile.clear(entry.name, in: storage)
        log.spares.append(entry.name)
    }

    /// Gives it the end that it would have got, and cuts what is behind.
    ///
    /// The records are written once more before the sync: what was read may stand in the system's memory alone, and after a
    /// failed sync the system no longer knows that it has to be written. They are synced before the end is written, which
    /// would else speak of records that a crash has not let through.
    private mutating func seal(_ position: Int, _ scan: SegmentScan) throws(StoreError) {
        let entry = found[position]
        if let records = scan.bytes.getSlice(at: 0, length: scan.records.end) {
            try WriteJob.write(records, to: entry.file, at: 0)
            try entry.file.sync()
        }
        let end = scan.index.sealed(entry.header, recordsEnd: scan.records.end, batch: scan.records.batch ?? 0)
        try entry.file.truncate(scan.records.end)
        try WriteJob.write(end, to: entry.file, at: scan.records.end)
        try entry.file.sync()
        found[position].size = scan.records.end + end.readableBytes
        log.segments[position].capacity = found[position].size
    }
}
