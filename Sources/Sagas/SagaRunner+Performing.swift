import Contracts
import Logging
import Messaging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension SagaRunner {
    /// Feeds the machine and performs its actions; `update` changes the state if the input counted.
    ///
    /// - Returns: false if nothing was done, because the instance is not certain and would not be moved, which is what finds out.
    func take(
        _ input: SagaInput, of instance: SagaInstanceRow, isCertain: Bool, _ context: MessageContext,
        update: ((inout State) throws -> Void)?
    ) throws -> Bool {
        var machine = try instance.machine(plan: definition.plan, fingerprint: fingerprint)
        let actions = machine.handle(input)
        guard isCertain || machine.progress != instance.progress else { return false }
        guard !actions.isEmpty else {
            logger.debug("nothing awaits this", metadata: metadata(instance, input))
            return true
        }
        var write = SagaWrite(
            id: instance.id, version: instance.version, progress: machine.progress,
            stepName: definition.steps[machine.progress.current].name)
        var state: State?
        if machine.progress != instance.progress, let update {
            var changed = try states.state(of: instance.id, from: instance.state)
            try update(&changed)
            write.state = try states.encode(changed, of: instance.id)
            state = changed
        } else if actions.contains(where: \.needsState) {
            state = try states.state(of: instance.id, from: instance.state)
        }
        for action in actions { gather(action, into: &write, instance, input) }
        if let state { try sendCommands(actions, instance.id, state, context) }
        setTimers(actions, instance.id, instance.key, context)
        if machine.progress != instance.progress || write.sent != nil { context.db.enqueue(write.statement) }
        for (note, step) in write.notes { context.db.enqueue(SagaWrite.remember(note, of: instance.id, step: step)) }
        if machine.progress.status.isFinal { states.forget(instance.id) }
        if let sent = write.sent {
            let moved = instance.moved(by: write)
            context.afterCommit { [desk] in desk.expect(moved, sent) }
        }
        return true
    }

    /// What the action changes in the tables.
    private func gather(
        _ action: SagaAction, into write: inout SagaWrite, _ instance: SagaInstanceRow, _ input: SagaInput
    ) {
        switch action {
        case .settle(let step, let direction, let outcome, let detail):
            // Until now the instance's progress told which sending is settled.
            let attempt = direction == .forward ? 1 : instance.progress.attempt
            write.settled = .init(
                command: commandID(instance.id, step, direction, attempt), outcome: outcome, detail: detail)
            if direction == .forward, outcome != .succeeded, outcome != .skipped {
                let why = detail.map { ": \($0)" } ?? ""
                write.error = "\(definition.steps[step].name) \(outcome.rawValue.replacing("_", with: " "))\(why)"
            }
        case .sendForward(let step, _): write.sent = sent(instance.id, step, .forward, attempt: 1)
        case .sendCompensation(let step, let attempt):
            write.sent = sent(instance.id, step, .compensate, attempt: attempt)
        case .stuck(_, let reason):
            write.error = reason
            logger.error("saga is stuck", metadata: metadata(instance, input).merging(["reason": "\(reason)"]) { $1 })
        case .note(let note): write.notes.append((note, note.step.map { definition.steps[$0].name }))
        case .refuse(let why):
            write.notes.append((SagaNote(.refused, step: nil, why), write.stepName))
            logger.info(
                "operator was refused", metadata: metadata(instance, input).merging(["reason": "\(why)"]) { $1 })
        case .compensatedAll:
            logger.info("saga was compensated", metadata: metadata(instance, input))
        case .schedule, .cancel, .complete: break
        }
    }

    /// Sends the commands among the actions.
    func sendCommands(_ actions: [SagaAction], _ id: UUID, _ state: State, _ context: MessageContext) throws {
        for action in actions {
            switch action {
            case .sendForward(let step, let again):
                try send(definition.steps[step].forward, id, step, .forward, 1, again: again, state, context)
            case .sendCompensation(let step, let attempt):
                try send(definition.steps[step].compensation, id, step, .compensate, attempt, again: false, state, context)
            default: break
            }
        }
    }

    private func send(
        _ command: SagaCommand<State>?, _ id: UUID, _ step: Int, _ direction: SagaDirection, _ attempt: Int,
        again: Bool, _ state: State, _ context: MessageContext
    ) throws {
        guard let command else { return }
        var extensions = [
            SagaExtension.step: SagaIdentity.fence(saga: name, id, step: definition.steps[step].name),
            SagaExtension.direction: direction.rawValue,
        ]
        if again { extensions[SagaExtension.retry] = context.envelope.id.lowercased }
        try context.send(command.make(state), id: commandID(id, step, direction, attempt), extensions: extensions)
    }

    /// Sets and stops the clocks among the actions.
    func setTimers(_ actions: [SagaAction], _ id: UUID, _ key: String, _ context: MessageContext) {
        for action in actions {
            switch action {
            case .schedule(let timer, let pause):
                context.schedule(
                    SagaTimers.clock, id: SagaIdentity.timer(id, timer), key: key, after: pause,
                    payload: SagaTimers.payload(id, timer))
            case .cancel(let timer): context.cancelTimer(SagaIdentity.timer(id, timer))
            default: break
            }
        }
    }

    func sent(_ id: UUID, _ step: Int, _ direction: SagaDirection, attempt: Int) -> SagaWrite.Sent {
        .init(
            command: commandID(id, step, direction, attempt), step: step, name: definition.steps[step].name,
            direction: direction, attempt: attempt)
    }

    private func commandID(_ id: UUID, _ step: Int, _ direction: SagaDirection, _ attempt: Int) -> UUID {
        let round = direction == .forward ? 0 : definition.plan.resend.round(of: attempt)
        return SagaIdentity.command(id, step: step, direction, round: round)
    }

    private func metadata(_ instance: SagaInstanceRow, _ input: SagaInput) -> Logger.Metadata {
        ["saga": "\(name)", "instance": "\(instance.id.lowercased)", "input": "\(input)"]
    }
}

extension SagaAction {
    /// Whether performing it makes a command.
    var needsState: Bool {
        switch self {
        case .sendForward, .sendCompensation: true
        default: false
        }
    }
}
