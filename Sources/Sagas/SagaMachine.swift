/// The rules of a saga, without I/O: an input changes the progress and returns what is to be done.
///
/// - Steps run one after another; the last one's success completes the instance.
/// - A step that *failed* has left nothing behind. A step that *ran out of time* may have been done, so it is undone too.
/// - Steps are undone in reverse, one after another, each awaiting its answer.
/// - An unanswered compensation is sent again with growing pauses, then the instance is `stuck` until its answer comes
///   after all or an operator acts.
/// - Answers that nobody awaits change nothing, whether duplicates or late.
public struct SagaMachine: Sendable {
    /// The shape of the saga.
    public let plan: SagaPlan
    /// How far the instance has come.
    public private(set) var progress: SagaProgress

    /// A machine for an instance that has not begun.
    public init(plan: SagaPlan) {
        self.plan = plan
        self.progress = SagaProgress(plan: plan)
    }

    /// A machine for a stored instance.
    ///
    /// - Returns: nil when the progress has another number of steps than the plan.
    public init?(plan: SagaPlan, progress: SagaProgress) {
        guard progress.steps.count == plan.steps.count, !plan.steps.isEmpty else { return nil }
        self.plan = plan
        self.progress = progress
    }

    /// Takes one input.
    ///
    /// - Returns: what is to be done, in order; empty when the input is a duplicate or fits nothing.
    public mutating func handle(_ input: SagaInput) -> [SagaAction] {
        switch input {
        case .start: start()
        case .succeeded(let step): succeeded(step)
        case .failed(let step, let reason): failed(step, reason)
        case .timedOut(let step): timedOut(step)
        case .compensated(let step): compensated(step)
        case .compensationTimedOut(let step, let attempt): compensationTimedOut(step, attempt)
        case .operator(let operation, let reason, let seen): act(operation, reason, seen)
        }
    }

    // MARK: Forward

    private mutating func start() -> [SagaAction] {
        guard progress.status == .running, progress.steps.allSatisfy({ $0 == .pending }) else { return [] }
        return advance(to: 0)
    }

    /// Sends the next forward command at or after `position`, passing steps that have none; completes when there is none.
    private mutating func advance(to position: Int) -> [SagaAction] {
        for step in position..<plan.steps.count {
            guard plan.steps[step].hasForward else {
                progress.steps[step] = .passed
                continue
            }
            progress.steps[step] = .sent
            progress.current = step
            var actions: [SagaAction] = [.sendForward(step: step, again: false)]
            if let timeout = plan.steps[step].timeout {
                actions.append(.schedule(.forward(step: step), after: timeout))
            }
            return actions
        }
        progress.status = .completed
        return [.complete]
    }

    private mutating func succeeded(_ step: Int) -> [SagaAction] {
        guard isAwaitingForward(step) else {
            return unexpected(step, "succeeded", unlessIn: [.pending, .sent, .succeeded])
        }
        progress.steps[step] = .succeeded
        return settleForward(step, .succeeded, nil) + advance(to: step + 1)
    }

    private mutating func failed(_ step: Int, _ reason: String) -> [SagaAction] {
        guard isAwaitingForward(step) else {
            return unexpected(step, "failed: \(reason)", unlessIn: [.pending, .sent, .failed])
        }
        progress.steps[step] = .failed
        return settleForward(step, .failed, reason) + undo(from: step - 1)
    }

    private mutating func timedOut(_ step: Int) -> [SagaAction] {
        // A clock that struck although it was stopped says nothing worth remembering.
        guard isAwaitingForward(step) else { return [] }
        progress.steps[step] = .unknown
        return [.settle(step: step, direction: .forward, outcome: .timedOut, detail: nil)] + undo(from: step)
    }

    private func isAwaitingForward(_ step: Int) -> Bool {
        progress.status == .running && progress.current == step && plan.steps.indices.contains(step)
            && progress.steps[step] == .sent
    }

    private func settleForward(_ step: Int, _ outcome: SagaOutcome, _ detail: String?) -> [SagaAction] {
        let settle = SagaAction.settle(step: step, direction: .forward, outcome: outcome, detail: detail)
        return plan.steps[step].timeout == nil ? [settle] : [settle, .cancel(.forward(step: step))]
    }

    // MARK: Backward

    /// Sends the compensation of the last step at or before `position` that has something to undo; ends when there is none.
    private mutating func undo(from position: Int) -> [SagaAction] {
        progress.status = .compensating
        for step in stride(from: position, through: 0, by: -1) {
            guard plan.steps[step].hasCompensation, [.succeeded, .passed, .unknown].contains(progress.steps[step])
            else {
                continue
            }
            progress.steps[step] = .compensating
            progress.current = step
            progress.attempt = 0
            return sendCompensation()
        }
        progress.status = .compensated
        return [.compensatedAll]
    }

    /// Sends the compensation at hand, once more or for the first time.
    private mutating func sendCompensation() -> [SagaAction] {
        let step = progress.current
        progress.attempt += 1
        return [
            .sendCompensation(step: step, attempt: progress.attempt),
            .schedule(
                .compensation(step: step, attempt: progress.attempt), after: plan.resend.pause(after: progress.attempt)),
        ]
    }

    private mutating func compensated(_ step: Int) -> [SagaAction] {
        guard isAwaitingCompensation(step) else {
            return unexpected(step, "compensated", unlessIn: [.pending, .sent, .compensated])
        }
        progress.steps[step] = .compensated
        return [.settle(step: step, direction: .compensate, outcome: .succeeded, detail: nil)] + cancelResend()
            + undo(from: step - 1)
    }

    private mutating func compensationTimedOut(_ step: Int, _ attempt: Int) -> [SagaAction] {
        guard progress.status == .compensating, isAwaitingCompensation(step), attempt == progress.attempt else {
            return []
        }
        guard plan.resend.isLast(attempt) else {
            let note = SagaNote(.resent, step: step, "no answer to sending \(attempt)")
            return sendCompensation() + [.note(note)]
        }
        progress.status = .stuck
        let reason = "the compensation of \"\(plan.steps[step].name)\" was sent \(attempt) times without an answer"
        return [.stuck(step: step, reason: reason), .note(SagaNote(.stuck, step: step, reason))]
    }

    private func isAwaitingCompensation(_ step: Int) -> Bool {
        (progress.status == .compensating || progress.status == .stuck) && progress.current == step
            && plan.steps.indices.contains(step) && progress.steps[step] == .compensating
    }

    /// Stops the clock of the compensation at hand; a stuck instance has none.
    private func cancelResend() -> [SagaAction] {
        guard progress.status == .compensating else { return [] }
        return [.cancel(.compensation(step: progress.current, attempt: progress.attempt))]
    }

    /// What is left of an answer that nobody awaits: a note, or nothing when it merely repeats what is known.
    private func unexpected(_ step: Int, _ what: String, unlessIn known: Set<SagaStepState>) -> [SagaAction] {
        guard plan.steps.indices.contains(step), !known.contains(progress.steps[step]) else { return [] }
        return [.note(SagaNote(.late, step: step, what))]
    }

    // MARK: Operator

    private mutating func act(_ operation: SagaOperation, _ reason: String, _ seen: SagaSighting?) -> [SagaAction] {
        if let seen, hasMoved(since: seen, for: operation) {
            let name = plan.steps.indices.contains(seen.step) ? plan.steps[seen.step].name : "step \(seen.step)"
            return refuse(
                "it has moved on since it was asked to \(operation.rawValue): it was \(seen.status.rawValue) at \"\(name)\" then, "
                    + "and is \(progress.status.rawValue) at \"\(plan.steps[progress.current].name)\" now")
        }
        return switch operation {
        case .retry: retry(reason)
        case .compensate: compensate(reason)
        case .skip: skip(reason)
        }
    }

    /// Whether what the operator meant is over. A request that was made twice, because nothing seemed to come of the first, would
    /// otherwise skip the next step too, or begin one more round of sendings.
    ///
    /// To compensate is meant for the instance, whatever step it has reached; a second time it is refused anyway.
    private func hasMoved(since seen: SagaSighting, for operation: SagaOperation) -> Bool {
        let isElsewhere = seen.step != progress.current || (seen.status == .running) != (progress.status == .running)
        return switch operation {
        case .skip: isElsewhere
        case .retry: isElsewhere || (seen.status == .stuck && progress.status != .stuck)
        case .compensate: false
        }
    }

    private mutating func retry(_ reason: String) -> [SagaAction] {
        let step = progress.current
        switch progress.status {
        case .running:
            return [.sendForward(step: step, again: true), .note(SagaNote(.operator, step: step, "retry: \(reason)"))]
        case .compensating, .stuck:
            let cancel = cancelResend()
            progress.status = .compensating
            return cancel + sendCompensation() + [.note(SagaNote(.operator, step: step, "retry: \(reason)"))]
        case .completed, .compensated: return refuse("it is \(progress.status.rawValue)")
        }
    }

    private mutating func compensate(_ reason: String) -> [SagaAction] {
        let step = progress.current
        guard progress.status == .running else {
            return refuse(
                progress.status.isFinal
                    ? "it is \(progress.status.rawValue)"
                    : "it is being compensated already; retry or skip the step at hand")
        }
        guard plan.steps[step].hasCompensation else {
            return refuse(
                "\"\(plan.steps[step].name)\" is under way and has no compensation; wait for its answer, or retry or skip it"
            )
        }
        progress.steps[step] = .unknown
        return settleForward(step, .abandoned, reason) + undo(from: step)
            + [.note(SagaNote(.operator, step: step, "compensate: \(reason)"))]
    }

    private mutating func skip(_ reason: String) -> [SagaAction] {
        let step = progress.current
        let note = SagaAction.note(SagaNote(.operator, step: step, "skip: \(reason)"))
        switch progress.status {
        case .running:
            progress.steps[step] = .skipped
            return settleForward(step, .skipped, reason) + advance(to: step + 1) + [note]
        case .compensating, .stuck:
            let settle = SagaAction.settle(step: step, direction: .compensate, outcome: .skipped, detail: reason)
            let cancel = cancelResend()
            progress.steps[step] = .skipped
            return [settle] + cancel + undo(from: step - 1) + [note]
        case .completed, .compensated: return refuse("it is \(progress.status.rawValue)")
        }
    }

    private func refuse(_ why: String) -> [SagaAction] { [.refuse(why)] }
}
