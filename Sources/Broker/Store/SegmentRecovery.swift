internal import NIOCore

/// Reads a folder of segments, whatever a crash, a bad disk or a person has made of it.
///
/// First all settlements are read, then all messages, so the order of files and records says nothing about who is live. What
/// was torn is cut, and every segment is sealed before anything new is written: a later start never has to guess again.
struct SegmentRecovery {
    /// A segment file that will be used.
    struct Found {
        var name: String
        var header: SegmentHeader
        var file: any StorageFile
        var size: Int
        var trailer: SegmentTrailer?
        /// Set if the records had to be read one by one.
        var scan: SegmentScan?
        var damage: String?
    }

    let storage: any Storage
    let segmentSize: Int
    var log = RecoveredLog()
    var found: [Found] = []
    /// What is settled, by segment.
    var settled: [UInt32: SlotSet] = [:]
    var purged: [UInt32: [UInt32: UInt64]] = [:]
    var counts: [UInt32: [QueueSlot.Key: UInt32]] = [:]

    static func run(_ storage: any Storage, segmentSize: Int) throws(StoreError) -> RecoveredLog {
        var recovery = SegmentRecovery(storage: storage, segmentSize: segmentSize)
        try recovery.findFiles()
        try recovery.readSettlements()
        try recovery.judgeScans()
        try recovery.sealOpenSegments()
        try recovery.readMessages()
        recovery.sortEntries()
        return recovery.log
    }

    private init(storage: any Storage, segmentSize: Int) {
        self.storage = storage
        self.segmentSize = segmentSize
    }

    // MARK: - Files

    private mutating func findFiles() throws(StoreError) {
        let names = try storage.list()
        for name in names {
            // Names of files that were set aside count too: their numbers must not come again.
            if let number = SegmentName.number(name), number < .max { log.nextNumber = max(log.nextNumber, number + 1) }
        }
        for name in names.filter(SegmentName.isSegment).sorted() { try findFile(name, names) }
        found.sort { $0.header.number < $1.header.number }
    }

    private mutating func findFile(_ name: String, _ names: [String]) throws(StoreError) {
        let file = try storage.open(name, create: false)
        let reader = SegmentReader(file)
        let trailer = try reader.trailer()
        var entry: Found
        switch try reader.header() {
        case .foreign(let version):
            throw StoreError(
                .unknownFormat,
                "\(name) has format \(version), and this broker knows \(SegmentFormat.version). Start the version that wrote it, or a later one"
            )
        case .unused: return addUnused(name, try file.size())
        case .valid(let header):
            entry = Found(name: name, header: header, file: file, size: try file.size())
            if let (trailer, _) = trailer, trailer.header == header { entry.trailer = trailer }
        case .damaged:
            // Sealed segments say at their end what they are.
            guard let (trailer, size) = trailer else { return try setAside(name, "its header has changed on disk") }
            entry = Found(name: name, header: trailer.header, file: file, size: size, trailer: trailer)
            entry.damage = "its header has changed on disk"
        }
        guard SegmentName.number(name) != entry.header.number else { return found.append(entry) }
        try restoreName(&entry, names)
    }

    private mutating func addUnused(_ name: String, _ size: Int) {
        if size == segmentSize, log.spares.count < 8 { return log.spares.append(name) }
        // Nothing is lost if it stays.
        try? storage.remove(name)
    }

    /// Somebody has renamed the file.
    private mutating func restoreName(_ entry: inout Found, _ names: [String]) throws(StoreError) {
        let right = SegmentName.of(entry.header.number)
        guard !names.contains(right) else { return try setAside(entry.name, "it is segment \(entry.header.number) under a wrong name") }
        try storage.rename(entry.name, to: right)
        try storage.syncFolder()
        log.notices.append(.damaged(file: entry.name, reason: "it was renamed; it is \(right) again"))
        if entry.header.number < .max { log.nextNumber = max(log.nextNumber, entry.header.number + 1) }
        entry.name = right
        found.append(entry)
    }

    private mutating func setAside(_ name: String, _ reason: String) throws(StoreError) {
        try storage.rename(name, to: SegmentName.damaged(name))
        try storage.syncFolder()
        log.quarantined += 1
        log.notices.append(.damaged(file: SegmentName.damaged(name), reason: reason))
    }

    // MARK: - Settlements

    private mutating func readSettlements() throws(StoreError) {
        let existing = Set(found.map(\.header.number))
        for position in found.indices {
            let settlements = try settlements(of: position)
            var references: [UInt32: Int] = [:]
            let own = found[position].header.number
            SegmentIndex(settlements: settlements, messages: ByteBuffer()).forEachSettlement { settlement in
                note(settlement)
                guard existing.contains(settlement.segment) else { return }
                apply(settlement)
                if settlement.segment != own { references[settlement.segment, default: 0] += 1 }
            }
            addSegment(found[position], references)
        }
    }

    private mutating func settlements(of position: Int) throws(StoreError) -> ByteBuffer {
        let entry = found[position]
        if let trailer = entry.trailer {
            let reader = SegmentReader(entry.file)
            if let part = try reader.part(.settlements, trailer, fileSize: entry.size),
                try reader.part(.messages, trailer, fileSize: entry.size) != nil
            {
                return part
            }
            // The crash has torn it, or it has changed since; `judgeScans` tells which.
            found[position].trailer = nil
        }
        return try scan(position).index.settlements
    }

    /// Reads the records one by one.
    @discardableResult
    private mutating func scan(_ position: Int) throws(StoreError) -> SegmentScan {
        if let scan = found[position].scan { return scan }
        let scan = try SegmentScan(found[position].file, found[position].header)
        guard !scan.hasForeignRecord else {
            throw StoreError(
                .unknownFormat,
                "\(found[position].name) has records that this version of the broker does not know. Start the version that wrote them, or a later one"
            )
        }
        found[position].scan = scan
        return scan
    }

    private mutating func note(_ settlement: Settlement) {
        switch settlement.kind {
        case .settled: log.note(settlement.queue, settlement.position + UInt64(max(settlement.count, 1)) - 1)
        case .purged: log.note(settlement.queue, settlement.position == .max ? 0 : settlement.position)
        case .deliveryCount: log.note(settlement.queue, settlement.position)
        }
    }

    private mutating func apply(_ settlement: Settlement) {
        switch settlement.kind {
        case .settled:
            settled[settlement.segment, default: SlotSet()].insert(
                settlement.queue, settlement.position, length: settlement.count)
        case .purged:
            let known = purged[settlement.segment]?[settlement.queue] ?? 0
            purged[settlement.segment, default: [:]][settlement.queue] = max(known, settlement.position)
        case .deliveryCount:
            let key = QueueSlot.Key(queue: settlement.queue, position: settlement.position)
            let known = counts[settlement.segment]?[key] ?? 0
            counts[settlement.segment, default: [:]][key] = max(known, settlement.count)
        }
    }

    private mutating func addSegment(_ entry: Found, _ references: [UInt32: Int]) {
        let segment = Segment(entry.header, capacity: entry.size)
        segment.state = .sealed
        segment.references = references
        log.segments.append(segment)
        let batch = entry.trailer?.batch ?? entry.scan?.records.batch ?? 0
        log.nextBatch = max(log.nextBatch, batch + 1)
    }
}
