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
@Suite(.timeLimit(.minutes(1))) struct StartFailureTests {
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
            if let before, let after = Self.threads { #expect(after < before + 150, "\(before) threads have become \(after)") }
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

    /// nil where the system does not tell.
    private static var threads: Int? {
        guard let folder = opendir("/proc/self/task") else { return nil }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        return count
    }
}
