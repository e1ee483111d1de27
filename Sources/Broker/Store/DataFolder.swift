package import NIOCore
package import NIOPosix

/// Everything a broker keeps on disk, in one folder: `definitions`, `NNNNNNNNNN.segment` files and `lock`.
package struct DataFolder {
    private let storage: any Storage
    package let store: SegmentStore
    package let definitions: DefinitionJournal
    package let changes: [DefinitionChange]
    /// Live messages by queue, in order of position.
    package let entries: [QueueID: [RecoveredEntry]]
    /// The highest position of each queue that any record still speaks of.
    package let highestPositions: [QueueID: UInt64]
    /// The highest id that was ever given to a durable queue.
    package let highestQueueID: QueueID
    /// What whoever runs the broker should read in its log.
    package let notices: [StoreNotice]

    /// Opens a folder, which is made if it is not there, and takes its lock.
    ///
    /// - Throws: `locked` if another broker has it; `unknownFormat`; `corrupt` if the definitions cannot be read at all.
    package static func open(
        path: String, loop: any EventLoop, threads: NIOThreadPool, time: any Timekeeper,
        configuration: SegmentStoreConfiguration = SegmentStoreConfiguration()
    ) throws(StoreError) -> DataFolder {
        try open(
            FileStorage(path: path), executor: DiskThreads(loop: loop, pool: threads), time: time, configuration: configuration)
    }

    package static func open(
        _ storage: any Storage, executor: any DiskExecutor, time: any Timekeeper,
        configuration: SegmentStoreConfiguration = SegmentStoreConfiguration()
    ) throws(StoreError) -> DataFolder {
        try refuseWithoutDefinitions(storage)
        let definitions = try DefinitionJournal(storage, makeTag: configuration.makeTag)
        let (store, recovery) = try SegmentStore.open(
            storage, executor: executor, time: time, configuration: configuration)
        return DataFolder(storage, definitions, store, recovery)
    }

    private init(
        _ storage: any Storage, _ definitions: DefinitionJournal, _ store: SegmentStore, _ recovery: SegmentStore.Recovery
    ) {
        self.storage = storage
        self.store = store
        self.definitions = definitions
        changes = definitions.changes
        highestPositions = recovery.highestPositions
        notices = definitions.notices + recovery.notices
        let highest = recovery.highestPositions.keys.map(\.rawValue).filter { $0 < Self.transientIDs }.max() ?? 0
        highestQueueID = QueueID(rawValue: max(definitions.highestQueueID, highest))
        guard definitions.wasDamaged else {
            entries = recovery.entries
            return
        }
        // A queue whose definition was lost must not lose its messages at once: whoever runs the broker can still put the
        // file back before the next start.
        let known = Set(changes.compactMap { if case .putQueue(_, let queue) = $0 { queue.id } else { nil } })
        entries = recovery.entries.filter { known.contains($0.key) }
    }

    /// Writes what is left, waits for it, and gives the folder to whoever opens it next. Blocks.
    package func close() {
        store.close()
        storage.release()
    }

    /// Ids from here on are of queues that do not outlive the broker.
    private static let transientIDs: UInt32 = 1 << 31

    /// Messages without definitions belong to nobody and would be dropped.
    private static func refuseWithoutDefinitions(_ storage: any Storage) throws(StoreError) {
        let names = try storage.list()
        guard !names.contains(DefinitionJournal.name), names.contains(where: SegmentName.isSegment) else { return }
        throw StoreError(
            .corrupt,
            "there are messages, but the file `\(DefinitionJournal.name)` is missing. Put it back; or move the `.segment` files away to start empty"
        )
    }
}
