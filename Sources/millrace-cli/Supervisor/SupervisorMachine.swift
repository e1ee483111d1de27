package import Servers

/// Decides what to do when a process that should run has ended. Pure: time comes in, actions go out.
package struct SupervisorMachine: Sendable {
    /// How restarts are spaced.
    package struct Policy: Sendable, Equatable {
        /// The pause before the first restart.
        package var initial: Duration = .milliseconds(100)
        /// The longest pause; each crash in a row doubles it up to here.
        package var maximum: Duration = .seconds(30)
        /// A process that has run for so long was well: the next crash starts from `initial` again.
        package var stableAfter: Duration = .seconds(10)

        package init() {}
    }

    /// What is to be done.
    package enum Action: Sendable, Equatable {
        /// Nothing: it was to stop.
        case nothing
        /// Start it again after this pause.
        case restart(after: Duration)
        /// Do not start it again: it would only fail in the same way.
        case giveUp
    }

    /// Where it stands.
    package enum Phase: Sendable, Equatable {
        case idle
        case running(since: ContinuousClock.Instant)
        case waiting
        case stopping
        case ended
    }

    /// Wrong usage or settings (`EX_USAGE`); a restart cannot mend that.
    package static let hopeless: Set<Int32> = [64]

    package let policy: Policy
    package private(set) var phase: Phase = .idle
    /// How often it was restarted.
    package private(set) var restarts = 0
    private var crashesInARow = 0

    package init(policy: Policy = Policy()) { self.policy = policy }

    /// It was started.
    package mutating func started(at now: ContinuousClock.Instant) {
        guard phase != .stopping, phase != .ended else { return }
        if phase == .waiting { restarts += 1 }
        phase = .running(since: now)
    }

    /// It has ended, or could not be started.
    package mutating func ended(_ end: ExitStatus, at now: ContinuousClock.Instant) -> Action {
        switch phase {
        case .stopping, .ended:
            phase = .ended
            return .nothing
        case .running(let since) where since.duration(to: now) >= policy.stableAfter:
            crashesInARow = 0
        case .running, .idle, .waiting:
            break
        }
        if case .exited(let code) = end, Self.hopeless.contains(code) {
            phase = .ended
            return .giveUp
        }
        phase = .waiting
        defer { crashesInARow += 1 }
        return .restart(after: pause)
    }

    /// It is to stop, and to stay so. Returns whether a process runs that has to be told.
    package mutating func stop() -> Bool {
        switch phase {
        case .running:
            phase = .stopping
            return true
        case .stopping:
            return true
        case .idle, .waiting, .ended:
            phase = .ended
            return false
        }
    }

    private var pause: Duration {
        var pause = policy.initial
        for _ in 0..<min(crashesInARow, 30) where pause < policy.maximum { pause = pause * 2 }
        return min(pause, policy.maximum)
    }
}
