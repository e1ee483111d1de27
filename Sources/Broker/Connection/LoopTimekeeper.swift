import NIOCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Real time, on the broker's loop.
final class LoopTimekeeper: Timekeeper {
    private let loop: any EventLoop
    private let start = NIODeadline.now()

    init(loop: any EventLoop) { self.loop = loop }

    var now: Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }
    var uptime: Int64 { (NIODeadline.now() - start).nanoseconds / 1_000_000 }

    func schedule(after milliseconds: Int64, _ action: @escaping () -> Void) -> any ScheduledAction {
        let bound = NIOLoopBound(action, eventLoop: loop)
        return Timer(scheduled: loop.scheduleTask(in: .milliseconds(milliseconds)) { bound.value() })
    }

    private struct Timer: ScheduledAction {
        let scheduled: Scheduled<Void>
        func cancel() { scheduled.cancel() }
    }
}
