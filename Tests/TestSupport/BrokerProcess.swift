import Foundation
import Servers

/// The embedded broker as a process of its own with its data in a temporary folder, reachable on 127.0.0.1 alone. It ends with the
/// test process, however that ends.
///
/// The program is `broker-process`, which the package builds beside the tests; `MILLRACE_TEST_BROKER_PROGRAM` names another.
public actor BrokerProcess {
    /// The URL of `guest`, who may do everything.
    public nonisolated let url: String
    private nonisolated let port: Int
    private nonisolated let folder: String
    private var process: ChildProcess?

    private init() throws(ServersError) {
        folder = try TemporaryDirectory.make(prefix: "millrace-broker")
        port = try FreePort.next()
        url = "amqp://guest:guest@127.0.0.1:\(port)/%2F"
    }

    /// Starts a broker in a new folder at a free port.
    public static func temporary() async throws -> BrokerProcess {
        let broker = try BrokerProcess()
        try await broker.start()
        return broker
    }

    /// Starts it on what is in its folder, at the same port as before, and waits until it listens.
    /// - Throws: `ServersError` if it does not; what it says goes to standard error.
    public func start() async throws {
        if let process, process.isRunning { return }
        let child = try ChildProcess.spawn(
            .init(
                executable: Self.program, arguments: [folder + "/data", "\(port)"], standardOutput: .lines, standardError: .inherit,
                isServer: true))
        process = child
        for await line in child.standardOutput where line.hasPrefix("ready ") { return }
        throw ServersError(.exitedEarly, "\(Self.program) ended before it was ready (\(await child.wait()))")
    }

    /// Stops it in good order.
    public func stop() async {
        guard let child = process else { return }
        process = nil
        await child.stop(timeout: .seconds(15))
    }

    /// Kills it, and returns when it is gone.
    public func kill() async {
        guard let child = process else { return }
        process = nil
        child.kill()
        _ = await child.wait()
    }

    /// Stops it and removes its data.
    public func remove() async {
        await stop()
        TemporaryDirectory.remove(folder)
    }

    private static var program: String {
        if let path = ProcessInfo.processInfo.environment["MILLRACE_TEST_BROKER_PROGRAM"], !path.isEmpty { return path }
        return BuiltProducts.path("broker-process")
    }
}
