import Logging
import NIOCore
import NIOPosix

/// What stands behind the core: the message log and the definitions, and what they held at the start.
struct BrokerStorageParts {
    /// Nil for a broker in memory.
    private(set) var folder: DataFolder?
    private var threads: NIOThreadPool?

    var messages: SegmentStore? { folder?.store }
    var definitions: (any DefinitionLog)? { folder?.definitions }

    /// Opens the storage and recovers what is there. Blocks the loop, which has nothing else to do yet.
    ///
    /// - Throws: ``BrokerError`` with the code `storage`.
    static func open(
        _ configuration: BrokerConfiguration, loop: any EventLoop, time: any Timekeeper, logger: Logger
    ) throws(BrokerError) -> BrokerStorageParts {
        var parts = BrokerStorageParts()
        guard case .folder(let path) = configuration.storage else { return parts }
        let threads = NIOThreadPool(numberOfThreads: 2)
        threads.start()
        var settings = SegmentStoreConfiguration()
        settings.freeSpaceLimit = UInt64(max(0, configuration.diskFreeLimit))
        configuration.adjustStore(&settings)
        do {
            let folder = try DataFolder.open(path: path, loop: loop, threads: threads, time: time, configuration: settings)
            for notice in folder.notices { logger.warning("storage: \(notice)") }
            folder.store.onNotice = { logger.warning("storage: \($0)") }
            parts.folder = folder
            parts.threads = threads
        } catch {
            threads.shutdownGracefully { _ in }
            throw BrokerError(.storage, "the data folder \(path) cannot be opened", underlying: error)
        }
        return parts
    }

    /// Writes what is left, which blocks, lets the folder go, and calls `then` on the loop when no thread has anything to say to
    /// it any more.
    func close(on loop: any EventLoop, then: @escaping () -> Void) {
        folder?.close()
        guard let threads else { return then() }
        let then = NIOLoopBound(then, eventLoop: loop)
        threads.shutdownGracefully { _ in loop.execute { then.value() } }
    }
}
