internal import NIOCore

/// What the definition file of a folder says.
struct DefinitionReading {
    var fold = DefinitionFold()
    private(set) var isDamaged = false
    private(set) var nextBatch: UInt64 = 1
    private var bytes = ByteBuffer()

    init(_ storage: any Storage) throws(StoreError) {
        guard try storage.list().contains(DefinitionJournal.name) else { return }
        let file = try storage.open(DefinitionJournal.name, create: false)
        bytes = try SegmentStore.read(file, 0, try file.size())
        guard let header = try Self.header(bytes) else { return }
        try read(header)
    }

    private static func header(_ bytes: ByteBuffer) throws(StoreError) -> SegmentHeader? {
        let reading = bytes.withUnsafeReadableBytes {
            SegmentHeader.read(
                UnsafeRawBufferPointer(rebasing: $0.prefix(SegmentFormat.dataStart)), magic: DefinitionJournal.magic)
        }
        switch reading {
        case .valid(let header): return header
        case .foreign(let version):
            throw StoreError(
                .unknownFormat,
                "the definitions have format \(version), and this broker knows \(SegmentFormat.version). Start the version that wrote them, or a later one"
            )
        case .unused, .damaged:
            throw StoreError(
                .corrupt,
                "the file `\(DefinitionJournal.name)` cannot be read. Put back a copy of it; or move it away to start without queues and users, import an export, and lose the messages"
            )
        }
    }

    private mutating func read(_ header: SegmentHeader) throws(StoreError) {
        var unknown: UInt8?
        var fold = fold
        let scan = bytes.withUnsafeReadableBytes { raw in
            RecordScan(raw, tag: header.tag) { header, record, _ in
                var reader = LogReader(record, at: RecordHeader.size)
                if let count = reader.get(UInt32.self), let payload = reader.bytes(Int(count)),
                    let record = DefinitionRecord(kind: header.kind, payload)
                {
                    fold.apply(record)
                } else {
                    unknown = header.kind
                }
            }
        }
        if let unknown {
            throw StoreError(
                .unknownFormat,
                "the definitions have a record of kind \(unknown), which this broker does not know. Start the version that wrote them, or a later one"
            )
        }
        self.fold = fold
        // Each record is durable before the next is written, so only the last can be torn.
        isDamaged = !scan.gaps.isEmpty
        nextBatch = (scan.batch ?? 0) + 1
    }

    /// Keeps the file as it was found.
    func keepCopy(in storage: any Storage) throws(StoreError) {
        let copy = try storage.open(DefinitionJournal.damagedName, create: true)
        try copy.truncate(0)
        try WriteJob.write(bytes, to: copy, at: 0)
        try copy.sync()
        try storage.syncFolder()
    }
}

/// All definitions, written as a new file that takes the old one's place in one step.
struct DefinitionSnapshot {
    private let header: SegmentHeader
    private var bytes = ByteBuffer()

    init(_ fold: DefinitionFold, tag: UInt64, batch: UInt64) {
        header = SegmentHeader(number: 0, tag: tag)
        bytes.writeBytes(header.encoded(magic: DefinitionJournal.magic))
        let records = [DefinitionRecord.queueIDs(through: fold.highestQueueID)] + fold.changes.map(DefinitionRecord.change)
        for record in records {
            bytes.writeImmutableBuffer(
                DefinitionJournal.encode(record, batch: batch, tag: tag, offset: bytes.readableBytes))
        }
    }

    func write(to storage: any Storage) throws(StoreError) -> (file: any StorageFile, header: SegmentHeader, end: Int) {
        let file = try storage.open(DefinitionJournal.newName, create: true)
        try file.truncate(0)
        try WriteJob.write(bytes, to: file, at: 0)
        try file.sync()
        try storage.rename(DefinitionJournal.newName, to: DefinitionJournal.name)
        try storage.syncFolder()
        return (file, header, bytes.readableBytes)
    }
}
