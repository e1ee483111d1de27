import Broker

/// Time that passes when the test says so; timers fire in order.
final class VirtualTime: Timekeeper {
    private(set) var uptime: Int64 = 0
    private var timers: [(due: Int64, order: Int, action: Timer)] = []
    private var order = 0
    let start: Int64 = 1_700_000_000_000

    var now: Int64 { start + uptime }
    var pendingTimers: Int { timers.count { !$0.action.isCancelled } }

    final class Timer: ScheduledAction {
        var action: (() -> Void)?
        var isCancelled: Bool { action == nil }
        init(_ action: @escaping () -> Void) { self.action = action }
        func cancel() { action = nil }
    }

    func schedule(after milliseconds: Int64, _ action: @escaping () -> Void) -> any ScheduledAction {
        let timer = Timer(action)
        order += 1
        timers.append((uptime + milliseconds, order, timer))
        return timer
    }

    /// Lets milliseconds pass, and what is due happen at its time.
    func advance(by milliseconds: Int64) {
        let end = uptime + milliseconds
        while let next = timers.indices.filter({ timers[$0].due <= end }).min(by: { order(timers[$0], timers[$1]) }) {
            let (due, _, timer) = timers.remove(at: next)
            uptime = max(uptime, due)
            timer.action?()
        }
        uptime = end
    }

    private func order(_ one: (due: Int64, order: Int, action: Timer), _ other: (due: Int64, order: Int, action: Timer))
        -> Bool
    {
        (one.due, one.order) < (other.due, other.order)
    }

    /// A restart: nothing that was scheduled happens.
    func forgetTimers() { timers = [] }
}
