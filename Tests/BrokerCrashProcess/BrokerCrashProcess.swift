import Broker
import Dispatch
import Logging
import ServiceLifecycle

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A broker that tests kill: `broker-process FOLDER [PORT [FREE]]`. It listens at that port of the loopback, or a free one, which it
/// prints as `ready PORT`, and leaves FREE bytes of the disk. SIGTERM stops it in good order. It ends with its parent, whose end
/// closes its standard input, with 3 if it cannot start, and with 5 if its storage fails.
@main
struct BrokerCrashProcess {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard (2...4).contains(arguments.count) else { return }
        endWithParent()
        var configuration = BrokerConfiguration()
        configuration.port = arguments.count > 2 ? Int(arguments[2]) ?? 0 : 0
        configuration.storage = .folder(arguments[1])
        if arguments.count > 3, let free = Int64(arguments[3]) { configuration.diskFreeLimit = free }
        var logger = Logger(label: "broker-process")
        logger.logLevel = .warning
        let broker = Broker(configuration: configuration, logger: logger)
        guard let address = try? await broker.start() else { exit(3) }
        // Not `print`, which keeps it until a buffer is full.
        let line = Array("ready \(address.port ?? 0)\n".utf8)
        _ = write(1, line, line.count)
        do {
            try await ServiceGroup(services: [broker], gracefulShutdownSignals: [.sigterm], logger: logger).run()
        } catch {
            exit(5)
        }
    }

    private static func endWithParent() {
        DispatchQueue.global().async {
            var byte: UInt8 = 0
            while read(0, &byte, 1) > 0 {}
            exit(4)
        }
    }
}
