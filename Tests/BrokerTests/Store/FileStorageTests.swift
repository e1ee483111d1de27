import Broker
import Foundation
import NIOCore
import NIOPosix
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A folder of its own under the temporary folder, removed in the end.
func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    var template = Array("/tmp/millrace-store-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { buffer in
        buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
    }
    let path = try #require(made)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
}

@Suite struct FileStorageTests {
    @Test func writesReadsAndRenames() throws {
        try withTemporaryFolder { path in
            let storage = try FileStorage(path: path)
            let file = try storage.open("a", create: true)
            try file.preallocate(10_000)
            #expect(try file.size() == 10_000)
            try [UInt8](1...200).withUnsafeBytes { try file.write($0, at: 5000) }
            try file.sync()
            try storage.rename("a", to: "b")
            try storage.syncFolder()
            #expect(try storage.list() == ["b"])
            var bytes = [UInt8](repeating: 9, count: 300)
            let count = try bytes.withUnsafeMutableBytes { try storage.open("b", create: false).read(into: $0, at: 4950) }
            #expect(count == 300 && bytes[49] == 0 && bytes[50] == 1 && bytes[249] == 200)
            try file.truncate(10)
            let rest = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
            #expect(rest == 10)
            try storage.remove("b")
            try storage.remove("b")
            #expect { _ = try storage.open("b", create: false) } throws: { ($0 as? StoreError)?.code == .missing }
            #expect(try storage.freeSpace() > 0)
        }
    }

    @Test func refusesASecondBroker() throws {
        try withTemporaryFolder { path in
            let first = try FileStorage(path: path)
            #expect { _ = try FileStorage(path: path) } throws: {
                ($0 as? StoreError)?.code == .locked && "\($0)".contains(path)
            }
            withExtendedLifetime(first) {}
        }
    }

    @Test func saysWhatIsWrongWithAFolder() throws {
        #expect { _ = try FileStorage(path: "/proc/nothing/here") } throws: { "\($0)".contains("/proc/nothing") }
    }

    /// The whole store on a real file system, with threads.
    @Test func servesAStore() async throws {
        let threads = NIOThreadPool(numberOfThreads: 2)
        threads.start()
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        try await loop.submit {
            try withTemporaryFolder { path in
                for round in 0..<3 {
                    let executor = DiskThreads(loop: loop, pool: threads)
                    var configuration = Sample.configuration(segmentSize: 64 << 10)
                    configuration.makeTag = { UInt64.random(in: .min ... .max) }
                    configuration.commitPlace = round == 1 ? .thread : .loop
                    let folder = try DataFolder.open(
                        FileStorage(path: path), executor: executor, time: StoreClock(), configuration: configuration)
                    #expect(folder.entries[QueueID(rawValue: 1)]?.count ?? 0 == round * 1000)
                    for number in 1...1000 {
                        _ = folder.store.append(
                            Sample.message(number), to: [Sample.slot(1, round * 1000 + number)], persistent: true)
                        folder.store.commit()
                        if number % 100 == 0 { executor.drain() }
                    }
                    // Of the folder, not only the store: a thread may hold the storage, and with it the lock, a little longer.
                    folder.close()
                    #expect(folder.store.durable == folder.store.appended)
                }
            }
        }.get()
        try await threads.shutdownGracefully()
    }

    #if os(Linux)
        /// A real file system of 2 MiB that fills up and is emptied again.
        @Test(.enabled(if: geteuid() == 0, "mounting a small file system needs root"))
        func survivesASmallFileSystem() throws {
            try withTemporaryFolder { path in
                try #require(mount("tmpfs", path, "tmpfs", 0, "size=2m") == 0, "cannot mount a tmpfs: \(String(cString: strerror(errno)))")
                defer { _ = umount2(path, Int32(MNT_DETACH)) }
                let clock = StoreClock()
                let executor = SteppedExecutor()
                let configuration = Sample.configuration(segmentSize: 128 << 10)
                var confirmed = 0
                var places: [StoredMessage] = []
                do {
                    let storage = try FileStorage(path: path)
                    // Not left to the descriptor's end: a child that another test is just starting may still have a copy of it.
                    defer { storage.release() }
                    let folder = try DataFolder.open(storage, executor: executor, time: clock, configuration: configuration)
                    let store = folder.store
                    executor.drain()
                    var isFull = false
                    store.onFull = { isFull = $0 }
                    for number in 1...10_000 where !isFull {
                        places.append(store.append(Sample.message(number, bytes: 1024), to: [Sample.slot(1, number)], persistent: true))
                        store.commit()
                        executor.drain()
                        if store.durable == store.appended { confirmed = number }
                    }
                    #expect(isFull && confirmed == places.count && confirmed > 500)
                    for number in 1...confirmed - 100 { store.acknowledge(places[number - 1], Sample.slot(1, number)) }
                    for _ in 0..<50 {
                        clock.advance(1000)
                        store.commit()
                        executor.drain()
                    }
                    #expect(!isFull && store.failure == nil)
                    for number in confirmed + 1...confirmed + 100 {
                        places.append(store.append(Sample.message(number, bytes: 1024), to: [Sample.slot(1, number)], persistent: true))
                        store.commit()
                        executor.drain()
                    }
                    #expect(store.durable == store.appended)
                }
                let folder = try DataFolder.open(FileStorage(path: path), executor: executor, time: clock, configuration: configuration)
                #expect(folder.entries[QueueID(rawValue: 1)]?.map { Int($0.slot.position) } == Array(confirmed - 99...confirmed + 100))
            }
        }
    #endif
}
