import Broker
import Dispatch
import Logging

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A broker that `BrokerCrashTests` kills: `broker-process FOLDER`. It listens at a free port of the loopback, which it prints
/// as `ready PORT`, and ends with its parent, whose end closes its standard input. It ends with 3 if it cannot start.
@main
struct BrokerCrashProcess {
    static func main() async throws {
        guard CommandLine.arguments.count == 2 else { return }
        endWithParent()
        var configuration = BrokerConfiguration()
        configuration.port = 0
        configuration.storage = .folder(CommandLine.arguments[1])
        var logger = Logger(label: "broker-process")
        logger.logLevel = .warning
        let broker = Broker(configuration: configuration, logger: logger)
        guard let address = try? await broker.start() else { exit(3) }
        // Not `print`, which keeps it until a buffer is full.
        let line = Array("ready \(address.port ?? 0)\n".utf8)
        _ = write(1, line, line.count)
        try await broker.run()
    }

    private static func endWithParent() {
        DispatchQueue.global().async {
            var byte: UInt8 = 0
            while read(0, &byte, 1) > 0 {}
            exit(4)
        }
    }
}
