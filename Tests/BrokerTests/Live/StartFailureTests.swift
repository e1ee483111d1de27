import Broker
import Logging
import NIOCore
import NIOPosix
import Servers
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A broker that cannot start says why and leaves nothing behind.
@Suite(.timeLimit(.minutes(5))) struct StartFailureTests {
    private static let silent = Logger(label: "broker") { _ in SwiftLogNoOpLogHandler() }

    private func failure(_ configuration: BrokerConfiguration) async -> BrokerError? {
        let broker = Broker(configuration: configuration, logger: Self.silent)
        do {
            _ = try await broker.start()
            await broker.shutdown()
            return nil
        } catch {
            return error as? BrokerError
        }
    }

    /// An address that somebody else has.
    private func withTakenPort(_ body: (Int) async throws -> Void) async throws {
        let taken = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0).get()
        try await body(try #require(taken.localAddress?.port))
        try await taken.close()
    }

    /// A data folder of its own, removed in the end.
    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let path = try TemporaryDirectory.make(prefix: "millrace-start") + "/data"
        try await body(path)
        TemporaryDirectory.remove(path)
    }

    /// Fails when a start looks only for the host, and not whether somebody has used the broker before.
    @Test func aHostThatWasRemovedDoesNotComeBack() async throws {
        try await withFolder { path in
            var configuration = BrokerConfiguration()
            configuration.port = 0
            configuration.storage = .folder(path)
            configuration.management = ManagementEndpoint(port: 0)
            for round in 0..<2 {
                let broker = Broker(configuration: configuration, logger: Self.silent)
                let address = try await broker.start()
                let api = HTTPProbe(port: try #require(address.managementPort))
                if round == 0 {
                    #expect(try await api(.GET, "/api/vhosts/%2F").status == 200)
                    #expect(try await api(.DELETE, "/api/vhosts/%2F").status == 204)
                } else {
                    #expect(try await api(.GET, "/api/vhosts").json == [])
                }
                await broker.shutdown()
            }
        }
    }

    /// Fails, by a crash, when the end of a turn refers to its broker without holding it: the turn that the failed start has
    /// begun runs when nothing else of the broker is left.
    @Test func failsOverAndOver() async throws {
        try await withTakenPort { port in
            var configuration = BrokerConfiguration()
            configuration.port = port
            let before = Self.threads
            for _ in 0..<200 {
                let error = await failure(configuration)
                #expect(error?.code == .listen)
                #expect(error?.message == "the broker cannot listen at 127.0.0.1:\(port); is another one running there?")
            }
            // Other tests come and go at the same time; a thread for each try does not.
            if let before { try await fewer(than: before + 150) }
        }
    }

    /// Fails when a broker that was stopped while it started runs on, with nobody to stop it (`begins`).
    @Test func mayBeStoppedWhileItStarts() async throws {
        try await withFolder { folder in
            for delay in 0..<40 {
                var configuration = BrokerConfiguration()
                configuration.port = 0
                configuration.storage = .folder(folder)
                let broker = Broker(configuration: configuration, logger: Self.silent)
                let start = Task { try await broker.start() }
                for _ in 0..<delay * 5 { await Task.yield() }
                await broker.shutdown()
                // It had begun, or it says that it was stopped; in both cases the next one can have the folder.
                do {
                    _ = try await start.value
                } catch {
                    #expect((error as? BrokerError)?.code == .state, "\(error)")
                }
            }
        }
    }

    /// The error names the address that is taken, and those that were free are free again.
    @Test func givesBackWhatItGot() async throws {
        try await withTakenPort { port in
            var configuration = BrokerConfiguration()
            configuration.port = try FreePort.next()
            configuration.management = ManagementEndpoint(port: port)
            let error = await failure(configuration)
            #expect(error?.code == .listen)
            #expect(error?.message.contains("127.0.0.1:\(port);") == true)
            configuration.management = nil
            let again = await failure(configuration)
            #expect(again == nil, "\(String(describing: again))")
        }
    }

    /// A folder that is in use is said; it is free again as soon as its broker has stopped, although the password of its first
    /// user may still be hashed on another thread. Fails when the end of a broker does not wait for that (`whenIdle`) and
    /// the folder's lock is held as long as anything refers to the storage (`release`).
    @Test func aFolderInUseIsSaid() async throws {
        try await withFolder { path in
            var configuration = BrokerConfiguration()
            configuration.port = 0
            configuration.storage = .folder(path)
            configuration.diskFreeLimit = 0
            let first = Broker(configuration: configuration, logger: Self.silent)
            _ = try await first.start()
            let error = await failure(configuration)
            #expect(error?.code == .storage)
            #expect(error?.description.contains(path) == true)
            await first.shutdown()
            let again = await failure(configuration)
            #expect(again == nil, "\(String(describing: again))")
        }
    }

    /// Waits, as others end when they have the time.
    private func fewer(than limit: Int) async throws {
        var count = Self.threads ?? 0
        for _ in 0..<3_000 where count >= limit {
            try await Task.sleep(for: .milliseconds(20))
            count = Self.threads ?? 0
        }
        #expect(count < limit)
    }

    /// nil where the system does not tell.
    private static var threads: Int? {
        guard let folder = opendir("/proc/self/task") else { return nil }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        return count
    }
}
