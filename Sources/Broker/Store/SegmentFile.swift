internal import NIOCore

/// Making and removing segment files; runs on any thread.
enum SegmentFile {
    enum Making: Sendable {
        /// The file, and up to where its blocks have been written before.
        case made(any StorageFile, writtenThrough: Int)
        /// The spare file may still be there under its own name.
        case full(StoreError, spareIsLeft: Bool)
        case failed(StoreError)
    }

    struct Order: Sendable {
        var header: SegmentHeader
        var capacity: Int
        /// A file that holds nothing any more, to be made into this one.
        var spare: String?
        /// Bytes that must stay free on the disk; 0 where the segment is needed whatever happens.
        var keepFree: UInt64
    }

    /// Makes a file of its full size, with its header and its name durable.
    static func make(_ order: Order, in storage: any Storage) -> Making {
        let name = SegmentName.of(order.header.number)
        var spareIsLeft = order.spare != nil
        do throws(StoreError) {
            var written = SegmentFormat.dataStart
            if let spare = order.spare {
                written = try clear(spare, in: storage)
                try storage.rename(spare, to: name)
                spareIsLeft = false
                // Before the new header: a file never has one that does not go with its name.
                try storage.syncFolder()
            } else if order.keepFree > 0, try storage.freeSpace() < order.keepFree + UInt64(order.capacity) {
                throw StoreError(.noSpace, "less than \(order.keepFree) bytes are free on the disk. Free some space")
            }
            let file = try storage.open(name, create: true)
            try file.preallocate(order.capacity)
            try write(order.header.encoded(), to: file)
            try file.sync()
            try storage.syncFolder()
            return .made(file, writtenThrough: written)
        } catch {
            guard error.isTemporary else { return .failed(error) }
            if order.spare == nil { try? storage.remove(name) }
            return .full(error, spareIsLeft: spareIsLeft)
        }
    }

    /// Makes a file into one that holds nothing; that is durable when it returns.
    ///
    /// - Returns: its size.
    @discardableResult
    static func clear(_ name: String, in storage: any Storage) throws(StoreError) -> Int {
        let file = try storage.open(name, create: false)
        try write([UInt8](repeating: 0, count: SegmentFormat.dataStart), to: file)
        try file.sync()
        return try file.size()
    }

    /// How a segment goes.
    enum Removal: Sendable {
        /// Its file may be used again.
        case clear
        case delete
        /// Its file is kept under another name.
        case setAside
    }

    /// Durable when it returns: settlements of its messages may be forgotten from then on.
    ///
    /// - Returns: how it went. Where even writing over old blocks needs room that there is not, it is deleted.
    static func remove(_ number: UInt32, _ removal: Removal, in storage: any Storage) throws(StoreError) -> Removal {
        let name = SegmentName.of(number)
        switch removal {
        case .clear:
            do throws(StoreError) {
                try clear(name, in: storage)
            } catch {
                guard error.code == .noSpace else { throw error }
                return try remove(number, .delete, in: storage)
            }
        case .delete:
            try storage.remove(name)
            try storage.syncFolder()
        case .setAside:
            try storage.rename(name, to: SegmentName.damaged(name))
            try storage.syncFolder()
        }
        return removal
    }

    private static func write(_ bytes: [UInt8], to file: any StorageFile) throws(StoreError) {
        try WriteJob.write(ByteBuffer(bytes: bytes), to: file, at: 0)
    }
}
