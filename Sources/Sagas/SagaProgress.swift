/// Where an instance as a whole stands.
public enum SagaStatus: String, Sendable, Codable, CaseIterable {
    /// A forward step is under way.
    case running
    /// Steps are being undone.
    case compensating
    /// All steps have succeeded. Final.
    case completed
    /// A step failed and everything before it is undone. Final.
    case compensated
    /// A compensation stays unanswered; an operator has to look.
    case stuck

    /// Whether nothing more will happen.
    public var isFinal: Bool { self == .completed || self == .compensated }
}

/// Where one step of an instance stands.
public enum SagaStepState: Character, Sendable, CaseIterable {
    /// Not reached.
    case pending = "p"
    /// Its command forward is under way.
    case sent = "s"
    /// Its command forward has succeeded.
    case succeeded = "d"
    /// It has no command forward and has been passed: it will be undone when a later step fails.
    case passed = "u"
    /// Its command forward has failed; there is nothing to undo.
    case failed = "f"
    /// No answer came in time, or an operator gave it up: whether it was done is unknown, so it is to be undone.
    case unknown = "t"
    /// Its compensation is under way.
    case compensating = "c"
    /// It is undone.
    case compensated = "r"
    /// An operator took it upon himself: the saga went on without an answer and will not touch the step again.
    case skipped = "k"
}

/// How far an instance has come: all that ``SagaMachine`` remembers.
public struct SagaProgress: Sendable, Equatable {
    /// Where the instance as a whole stands.
    public internal(set) var status: SagaStatus
    /// The step whose answer is awaited: of the forward command while `running`, of the compensation while
    /// `compensating` or `stuck`; the last such step once the instance is final.
    public internal(set) var current: Int
    /// How often the compensation of `current` has been sent; 0 while running.
    public internal(set) var attempt: Int
    /// Where each step stands, in the order of the plan.
    public internal(set) var steps: [SagaStepState]

    /// The progress of an instance that has not begun.
    public init(plan: SagaPlan) {
        status = .running
        current = 0
        attempt = 0
        steps = Array(repeating: .pending, count: plan.steps.count)
    }

    /// Reads stored progress back.
    ///
    /// - Returns: nil when the text does not fit: an unknown letter, or a step out of bounds.
    public init?(status: SagaStatus, current: Int, attempt: Int, letters: String) {
        var steps: [SagaStepState] = []
        steps.reserveCapacity(letters.utf8.count)
        for letter in letters {
            guard let step = SagaStepState(rawValue: letter) else { return nil }
            steps.append(step)
        }
        guard steps.indices.contains(current), attempt >= 0 else { return nil }
        self.status = status
        self.current = current
        self.attempt = attempt
        self.steps = steps
    }

    /// One letter for each step (the raw values of ``SagaStepState``), for storage.
    public var letters: String { String(steps.map(\.rawValue)) }
}
