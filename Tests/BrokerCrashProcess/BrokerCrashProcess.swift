import Broker
import Dispatch
import Foundation
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
/// prints as `ready PORT` after `starting`, and leaves FREE bytes of the disk. With BROKER_SEGMENTS=small in its environment it
/// compacts all the time, and prints `compacting` and `compacted`. SIGTERM stops it in good order. It ends with its parent, whose end
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
        if ProcessInfo.processInfo.environment["BROKER_SEGMENTS"] == "small" { configuration.adjustStore = useSmallSegments }
        var logger = Logger(label: "broker-process")
        logger.logLevel = .warning
        let broker = Broker(configuration: configuration, logger: logger)
        say("starting")
        guard let address = try? await broker.start() else { exit(3) }
        say("ready \(address.port ?? 0)")
        do {
            try await ServiceGroup(services: [broker], gracefulShutdownSignals: [.sigterm], logger: logger).run()
        } catch {
            exit(5)
        }
    }

    /// Not `print`, which keeps it until a buffer is full.
    private static func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = write(1, bytes, bytes.count)
    }

    private static func useSmallSegments(_ store: inout SegmentStoreConfiguration) {
        store.segmentSize = 1 << 20
        store.slack = 1 << 20
        store.compactionStep = 8 << 10
        store.onCompaction = { _, stage in say(stage == .begins ? "compacting" : "compacted") }
    }

    private static func endWithParent() {
        DispatchQueue.global().async {
            var byte: UInt8 = 0
            while read(0, &byte, 1) > 0 {}
            exit(4)
        }
    }
}
