/// What can happen to an instance. Steps are given by their position in the plan.
public enum SagaInput: Sendable, Equatable {
    /// The event that starts the instance was handled.
    case start
    /// The step's forward command was answered with success.
    case succeeded(step: Int)
    /// The step's forward command was answered with failure.
    case failed(step: Int, reason: String)
    /// The answer to the step's forward command did not come in time.
    case timedOut(step: Int)
    /// The step's compensation was answered.
    case compensated(step: Int)
    /// The answer to this sending of the step's compensation did not come in time.
    case compensationTimedOut(step: Int, attempt: Int)
    /// An operator acts. `seen` is where the instance stood when he asked; nil when that is not known, as in a request that an
    /// earlier version has stored.
    case `operator`(SagaOperation, reason: String, seen: SagaSighting? = nil)
}

/// Where an instance stood when an operator asked for something.
///
/// A request is carried out later, perhaps after another one that asked for the same. The status and the step tell which answer
/// was awaited, as each step is awaited once on the way forward and once on the way back.
public struct SagaSighting: Sendable, Equatable {
    /// Where the instance as a whole stood.
    public let status: SagaStatus
    /// The position of the step whose answer was awaited.
    public let step: Int

    /// Describes what was seen.
    public init(status: SagaStatus, step: Int) {
        self.status = status
        self.step = step
    }
}

/// What an operator can do to an instance that is not final.
public enum SagaOperation: String, Sendable, Codable, CaseIterable {
    /// Send the awaited command again. A stuck instance starts its sendings over.
    case retry
    /// Give the running step up and undo everything.
    case compensate
    /// Go on as if the awaited answer had come; the operator takes care of the step.
    case skip
}

/// A clock that an instance waits on.
public enum SagaTimer: Sendable, Equatable, Hashable {
    /// Until the answer to the step's forward command is late.
    case forward(step: Int)
    /// Until the answer to this sending of the step's compensation is late.
    case compensation(step: Int, attempt: Int)
}

/// What is to be done after an input, in this order.
public enum SagaAction: Sendable, Equatable {
    /// The awaited answer has come (or was given up): the command is settled with this outcome.
    case settle(step: Int, direction: SagaDirection, outcome: SagaOutcome, detail: String?)
    /// Send the step's forward command. `again` when an operator repeats it.
    case sendForward(step: Int, again: Bool)
    /// Send the step's compensation, for the `attempt`th time.
    case sendCompensation(step: Int, attempt: Int)
    /// Start a clock.
    case schedule(SagaTimer, after: Duration)
    /// Stop a clock; harmless when it has struck already.
    case cancel(SagaTimer)
    /// All steps have succeeded.
    case complete
    /// Everything that was done is undone.
    case compensatedAll
    /// The compensation of this step stays unanswered.
    case stuck(step: Int, reason: String)
    /// Something to remember that changes nothing by itself.
    case note(SagaNote)
    /// The operator's request does not fit; nothing was changed.
    case refuse(String)
}

/// Which of a step's two commands.
public enum SagaDirection: String, Sendable, Codable {
    /// The step's own command.
    case forward
    /// The command that undoes it.
    case compensate
}

/// How a command was settled.
public enum SagaOutcome: String, Sendable, Codable {
    /// It was sent and awaits its answer.
    case sent
    /// It was answered: done, or undone.
    case succeeded
    /// It was answered: refused.
    case failed
    /// No answer came in time.
    case timedOut = "timed_out"
    /// An operator gave up waiting, and the saga goes backwards.
    case abandoned
    /// An operator took it upon himself.
    case skipped
}

/// Something to remember about an instance beside its commands.
public struct SagaNote: Sendable, Equatable {
    /// What kind of thing happened.
    public enum Kind: String, Sendable, Codable {
        /// An answer came after the saga had stopped waiting for it; it changed nothing.
        case late
        /// A compensation was sent again.
        case resent
        /// The instance became stuck.
        case stuck
        /// An operator asked for something.
        case requested
        /// An operator's request was carried out.
        case `operator`
        /// An operator's request did not fit.
        case refused
    }

    /// What kind of thing happened.
    public let kind: Kind
    /// The step it is about.
    public let step: Int?
    /// In words.
    public let detail: String

    /// Makes a note.
    public init(_ kind: Kind, step: Int?, _ detail: String) {
        self.kind = kind
        self.step = step
        self.detail = detail
    }
}
