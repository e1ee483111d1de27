internal import NIOCore

/// A commit's writes and syncs, in order. Runs on any thread.
struct WriteJob: Sendable {
    enum Step: Sendable {
        case write(any StorageFile, ByteBuffer, at: Int)
        case sync(any StorageFile)
    }

    enum Outcome: Sendable {
        /// All is durable; it took this many nanoseconds.
        case done(Int64)
        /// There was no room for some of it. It may be tried again.
        case full(StoreError)
        case failed(StoreError)
    }

    var steps: [Step] = []
    /// Bytes of records.
    var bytes = 0

    func run() -> Outcome {
        let start = ContinuousClock.now
        for step in steps {
            switch step {
            case .write(let file, let bytes, let offset):
                if let error = Self.attempt({ () throws(StoreError) in try Self.write(bytes, to: file, at: offset) }) {
                    return error.code == .noSpace ? .full(error) : .failed(error)
                }
            case .sync(let file):
                // Never tried again, whatever the error is: the system may have dropped what it could not write.
                if let error = Self.attempt({ () throws(StoreError) in try file.sync() }) { return .failed(error) }
            }
        }
        let taken = (ContinuousClock.now - start).components
        return .done(taken.seconds * 1_000_000_000 + taken.attoseconds / 1_000_000_000)
    }

    private static func attempt(_ body: () throws(StoreError) -> Void) -> StoreError? {
        do throws(StoreError) {
            try body()
            return nil
        } catch { return error }
    }

    static func write(_ bytes: ByteBuffer, to file: any StorageFile, at offset: Int) throws(StoreError) {
        var failure: StoreError?
        bytes.withUnsafeReadableBytes { raw in
            do throws(StoreError) { try file.write(raw, at: offset) } catch { failure = error }
        }
        if let failure { throw failure }
    }
}
