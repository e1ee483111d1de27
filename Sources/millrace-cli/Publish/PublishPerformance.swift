import AMQP
import ArgumentParser
import Contracts
import Foundation

/// Carries out one `millrace publish`, from the input to the last word.
struct PublishPerformance {
    let command: PublishCommand
    let draft: EventDraft

    /// What is kept of a file between the check of the whole and the sending, in bytes. A larger one is read and checked again.
    private static let kept = 256 << 20

    func perform() async throws {
        let path = command.file.flatMap { $0 == "-" ? nil : $0 }
        if command.dryRun { return try await dryRun(path) }
        var checked: [CheckedPiece]?
        // Nothing of a file is sent unless all of it is good.
        if let path, !command.keepGoing {
            let source = try ByteSource(path: path)
            var tally = PublishTally(skipped: command.skip)
            checked = try await refusing(&tally) { tally in try await sender().check(source, keeping: Self.kept, tally: &tally) }
            if checked == nil, !source.isFile {
                throw UsageFailure("\(path) is larger than \(Self.kept >> 20) MiB and cannot be read twice; give it to standard input")
            }
        }
        let input: PublishRun.Input
        if let checked {
            input = .pieces(checked)
        } else if let data = try await given() {
            input = .pieces(data)
        } else {
            input = .stream(try source(path))
        }
        try await BrokerSession.with(
            command.connections.options, name: "millrace publish",
            declaring: AMQPTopology(exchanges: [BrokerSession.exchange(command.topic)])
        ) { client in
            var answers: AnswerWatch?
            if let wait = command.wait { answers = try await AnswerWatch(client: client, patience: .seconds(wait)) }
            try await publish(client, input, answers)
        }
    }

    /// Checks something as a whole.
    /// - Throws: exit code 1, after it has told why, when not all is good.
    private func refusing<R>(_ tally: inout PublishTally, _ check: (inout PublishTally) async throws -> R) async throws -> R {
        var flaw: (any Error)?
        do {
            let result = try await check(&tally)
            if tally.lost == 0 { return result }
        } catch {
            flaw = error
        }
        tell(tally, flaw, nothingSent: true)
        throw ExitCode.failure
    }

    /// What `--data` says.
    private func given() async throws -> [CheckedPiece]? {
        guard let json = command.json else { return nil }
        var tally = PublishTally(skipped: command.skip)
        return try await refusing(&tally) { _ in try sender().pieces(of: Array(json.utf8)) }
    }

    private func source(_ path: String?) throws -> ByteSource {
        if let path { return try ByteSource(path: path) }
        if isatty(0) == 1 { Console.shared.say("reading the data from the terminal; end with Ctrl-D …") }
        return ByteSource()
    }

    private func dryRun(_ path: String?) async throws {
        var tally = PublishTally(skipped: command.skip, leavesOutRefused: command.keepGoing)
        try await refusing(&tally) { tally in
            if let json = command.json {
                try await sender().run(.pieces(sender().pieces(of: Array(json.utf8))), tally: &tally)
            } else {
                try await sender().run(.stream(try source(path)), tally: &tally)
            }
        }
        Console.shared.say("\(tally.confirmed) \(tally.confirmed == 1 ? "message is" : "messages are") good; nothing was sent")
    }

    private func publish(_ client: AMQPClient, _ input: PublishRun.Input, _ answers: AnswerWatch?) async throws {
        let publisher = client.publisher(window: command.window)
        let signals = StopSignals()
        let started = ContinuousClock.now
        let work = Task {
            var tally = PublishTally(skipped: command.skip, leavesOutRefused: command.keepGoing)
            do {
                try await sender(publisher, answers).run(input, tally: &tally)
                return (tally, nil as (any Error)?)
            } catch {
                return (tally, error)
            }
        }
        let watcher = Task {
            var isStopping = false
            for await _ in signals.stream {
                Console.shared.endProgress()
                if isStopping {
                    // A broker that holds publishers back may take for ever; what is in flight counts as unconfirmed.
                    await client.close()
                } else {
                    isStopping = true
                    Console.shared.say("stopping: waiting for what is in flight (again to give it up) …")
                    work.cancel()
                }
            }
        }
        let (tally, flaw) = await work.value
        watcher.cancel()
        Console.shared.endProgress()
        tell(tally, flaw, nothingSent: false)
        summarise(tally, ContinuousClock.now - started, endedEarly: flaw != nil || tally.lost > (command.keepGoing ? tally.refused : 0))
        if tally.lost > 0 || flaw != nil { throw tally.confirmed > 0 ? ExitCode.partial : ExitCode.failure }
        guard let answers else { return }
        let isComplete: Void? = try await StopSignals().stoppable { try await answers.print() }
        if isComplete == nil { throw ExitCode(130) }
    }

    /// - Parameter publisher: nil for one that only checks.
    private func sender(_ publisher: AMQPPublisher? = nil, _ answers: AnswerWatch? = nil) -> PublishRun {
        var run = PublishRun(draft: draft, publisher: publisher, window: command.window, skip: command.skip, keepsGoing: command.keepGoing)
        guard publisher != nil else { return run }
        run.rate = command.rate
        if answers != nil || !command.quiet {
            run.onConfirmed = { confirmed in
                answers?.expect(confirmed.map(\.id))
                if !command.quiet { print(confirmed) }
            }
        }
        guard Console.shared.isInteractive else { return run }
        let started = ContinuousClock.now
        run.onProgress = { settled in
            guard settled > 1 else { return }
            let perSecond = Double(settled) / (ContinuousClock.now - started).seconds
            Console.shared.show(progress: "\(settled) messages, \(decimal(perSecond, 0))/s")
        }
        return run
    }

    private func print(_ confirmed: [PublishRun.Confirmed]) {
        guard !confirmed.isEmpty else { return }
        Console.shared.output(
            confirmed.map { message in
                switch command.output {
                case .table: message.key.map { "\(message.id.lowercased)  \($0)" } ?? message.id.lowercased
                case .json, .ndjson: line(message)
                }
            }.joined(separator: "\n"))
    }

    private func line(_ message: PublishRun.Confirmed) -> String {
        var object = JSONObject()
        object["number"] = .number(JSONNumber(message.number))
        object["id"] = .string(message.id.lowercased)
        object["key"] = message.key.map { .string($0) }
        object["topic"] = .string(command.topic)
        object["type"] = .string(command.type)
        return JSONValue.object(object).description
    }

    private func tell(_ tally: PublishTally, _ flaw: (any Error)?, nothingSent: Bool) {
        let console = Console.shared
        for loss in tally.losses.prefix(20) {
            let id = loss.id.map { " (\($0))" } ?? ""
            console.complain("message \(loss.number)\(id), line \(loss.line), \(loss.kind): \(loss.reason)")
        }
        if tally.lost > 20 { console.complain("… and \(tally.lost - 20) more") }
        switch flaw {
        case nil: break
        case is CancellationError: console.say("interrupted")
        case let flaw?: console.complain("\(flaw)")
        }
        if nothingSent, tally.lost > 0 || flaw != nil { console.say("nothing was sent") }
    }

    private func summarise(_ tally: PublishTally, _ time: Duration, endedEarly: Bool) {
        guard tally.confirmed != 1 || tally.lost > 0 || endedEarly else { return }
        let perSecond = tally.confirmed > 1 ? ", \(decimal(Double(tally.confirmed) / time.seconds, 0))/s" : ""
        var text = "\(tally.confirmed) confirmed in \(decimal(time.seconds, 1)) s\(perSecond)"
        if tally.refused > 0 { text += ", \(tally.refused) refused and not sent" }
        if tally.rejected > 0 { text += ", \(tally.rejected) not taken by the broker" }
        if tally.unconfirmed > 0 { text += ", \(tally.unconfirmed) unconfirmed (the broker may have them)" }
        Console.shared.say(text)
        guard endedEarly, let words = tally.confirmedWords else { return }
        Console.shared.say("the broker has \(words); go on with --skip \(tally.settledThrough)")
    }
}
