import Contracts

/// The shape of a saga, as the state machine needs it: which steps have which commands, and which times hold.
public struct SagaPlan: Sendable, Equatable {
    /// One step's shape.
    public struct Step: Sendable, Equatable {
        /// The step's name.
        public let name: String
        /// Whether it sends a command forward.
        public let hasForward: Bool
        /// Whether it can be undone.
        public let hasCompensation: Bool
        /// How long the answer to the forward command may take; nil waits for ever.
        public let timeout: Duration?

        /// Describes a step.
        public init(name: String, hasForward: Bool = true, hasCompensation: Bool = true, timeout: Duration? = nil) {
            self.name = name
            self.hasForward = hasForward
            self.hasCompensation = hasCompensation
            self.timeout = timeout
        }
    }

    /// The steps in the order in which they run.
    public let steps: [Step]
    /// How unanswered compensations are sent again.
    public let resend: SagaResendPolicy

    /// Makes a plan.
    public init(steps: [Step], resend: SagaResendPolicy = .standard) {
        self.steps = steps
        self.resend = resend
    }

    /// A short fingerprint of the list of steps, stored with each instance. FNV-1a, so that it is the same in every
    /// process.
    public var fingerprint: String {
        var hash = FNV1a()
        for step in steps {
            hash.combine(step.name.utf8)
            hash.combine([0, step.hasForward ? 1 : 0, step.hasCompensation ? 1 : 0])
        }
        let text = String(hash.value, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}

/// How an unanswered compensation is sent again: with growing pauses, then the instance is `stuck`.
public struct SagaResendPolicy: Sendable, Equatable {
    /// The pause after the first sending. Default 30 s.
    public var initial: Duration
    /// No pause is longer than this. Default 10 min.
    public var maximum: Duration
    /// How often the command is sent in all before the instance is `stuck`; at least 1. Default 6.
    public var attempts: Int

    /// Makes a policy; each pause is twice the one before it.
    public init(initial: Duration = .seconds(30), maximum: Duration = .seconds(600), attempts: Int = 6) {
        self.initial = initial
        self.maximum = maximum
        self.attempts = max(1, attempts)
    }

    /// 30 s, doubling up to 10 min, 6 sendings: stuck after about 25 minutes.
    public static let standard = SagaResendPolicy()

    /// The pause after the given sending (the first is 1). An operator's retry begins again with the shortest pause.
    public func pause(after attempt: Int) -> Duration {
        let position = (max(1, attempt) - 1) % attempts
        var pause = initial
        for _ in 0..<position where pause < maximum { pause *= 2 }
        return min(pause, maximum)
    }

    /// Which round of `attempts` sendings this one belongs to, counted from 0. Sendings of one round carry one id; each
    /// time an operator retries a stuck instance a new round begins.
    public func round(of attempt: Int) -> Int { (max(1, attempt) - 1) / attempts }

    /// Whether the instance is stuck when this sending stays unanswered.
    func isLast(_ attempt: Int) -> Bool { attempt % attempts == 0 }
}
