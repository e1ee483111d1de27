import Dispatch
import Logging
import ServiceLifecycle
import Synchronization
import UnixSignals

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What makes a worker shut down: SIGTERM, SIGINT, and the end of standard input when a parent supervises it.
///
/// The first one drains, within the time that the settings grant; the second signal ends the process at once, and so
/// does a drain that takes too long.
struct ShutdownTriggers {
    let drain: Duration
    let logger: Logger
    let begin: @Sendable (_ cause: String) -> Void

    /// The exit code of a process whose drain did not end in time.
    static let overdueExitCode: Int32 = 1

    /// Listens until the task is cancelled.
    func listen(supervised: Bool) async {
        if supervised { watchStandardInput() }
        var count = 0
        for await signal in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
            count += 1
            if count > 1 {
                logger.warning("Second signal: ending at once", metadata: ["signal": "\(signal)"])
                _exit(128 + (signal == .sigint ? SIGINT : SIGTERM))
            }
            start("\(signal)")
        }
    }

    private func start(_ cause: String) {
        armWatchdog()
        begin(cause)
    }

    /// On a queue of its own, which may block until the parent is gone.
    private func watchStandardInput() {
        DispatchQueue(label: "millrace.standard-input").async {
            var buffer: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
            while true {
                let count = withUnsafeMutableBytes(of: &buffer) { read(0, $0.baseAddress, $0.count) }
                if count > 0 || (count < 0 && errno == EINTR) { continue }
                return start("standard input ended")
            }
        }
    }

    /// Ends the process if the drain does not. A little is added to the granted time, so that the orderly end, which
    /// cancels what still runs, comes first.
    private func armWatchdog() {
        let logger = logger
        let (seconds, attoseconds) = drain.components
        let limit = DispatchTime.now() + .milliseconds(Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000) + 2000)
        DispatchQueue.global().asyncAfter(deadline: limit) {
            logger.error("The drain took too long: ending", metadata: ["drain_seconds": "\(seconds)"])
            _exit(Self.overdueExitCode)
        }
    }
}
