import AMQP
import ArgumentParser
import Contracts
import Foundation

/// Carries out one `millrace publish`, from the input to the last word.
struct PublishPerformance {
    let command: PublishCommand
    let draft: EventDraft

    func perform() async throws {
        let path = command.file.flatMap { $0 == "-" ? nil : $0 }
        // A file can be read twice, so nothing is sent unless all of it is good.
        if let path, !command.keepGoing {
            var check = PublishTally(skipped: command.skip)
            let flaw = await run(publisher: nil, source: try ByteSource(path: path), &check, reports: false)
            if check.lost > 0 || flaw != nil {
                tell(check, flaw, nothingSent: true)
                throw ExitCode.failure
            }
        }
        if command.dryRun { return try await dryRun(path) }
        try await BrokerSession.with(
            command.connections.options, name: "millrace publish", declaring: AMQPTopology(exchanges: [BrokerSession.exchange(command.topic)])
        ) { client in
            var answers: AnswerWatch?
            if let wait = command.wait { answers = try await AnswerWatch(client: client, patience: .seconds(wait)) }
            try await publish(client, path, answers)
        }
    }

    private func source(_ path: String?) throws -> ByteSource {
        if let path { return try ByteSource(path: path) }
        if isatty(0) == 1, command.json == nil { Console.shared.say("reading the data from the terminal; end with Ctrl-D …") }
        return ByteSource()
    }

    private func dryRun(_ path: String?) async throws {
        var tally = PublishTally(skipped: command.skip, leavesOutRefused: command.keepGoing)
        let flaw = await run(publisher: nil, source: try source(path), &tally, reports: false)
        tell(tally, flaw, nothingSent: true)
        if tally.lost > 0 || flaw != nil { throw ExitCode.failure }
        Console.shared.say("\(tally.confirmed) \(tally.confirmed == 1 ? "message is" : "messages are") good; nothing was sent")
    }

    private func publish(_ client: AMQPClient, _ path: String?, _ answers: AnswerWatch?) async throws {
        let publisher = client.publisher(window: command.window)
        let source = try source(path)
        let signals = StopSignals()
        let started = ContinuousClock.now
        let work = Task {
            var tally = PublishTally(skipped: command.skip, leavesOutRefused: command.keepGoing)
            let flaw = await run(publisher: publisher, source: source, &tally, reports: true, answers)
            return (tally, flaw)
        }
        let watcher = Task {
            for await _ in signals.stream {
                Console.shared.endProgress()
                Console.shared.say("stopping: waiting for what is in flight …")
                work.cancel()
            }
        }
        let (tally, flaw) = await work.value
        watcher.cancel()
        Console.shared.endProgress()
        tell(tally, flaw, nothingSent: false)
        summarise(tally, ContinuousClock.now - started, endedEarly: flaw != nil || tally.lost > (command.keepGoing ? tally.refused : 0))
        if tally.lost > 0 || flaw != nil { throw tally.confirmed > 0 ? ExitCode.partial : ExitCode.failure }
        try await answers?.print()
    }

    /// - Returns: why the input ended early, if it did.
    private func run(
        publisher: AMQPPublisher?, source: ByteSource, _ tally: inout PublishTally, reports: Bool, _ answers: AnswerWatch? = nil
    ) async -> (any Error)? {
        var run = PublishRun(draft: draft, publisher: publisher, skip: command.skip, rate: reports ? command.rate : nil, keepsGoing: command.keepGoing)
        if reports {
            run.onConfirmed = { confirmed in
                answers?.expect(confirmed.map(\.id))
                if !command.quiet { print(confirmed) }
            }
            let started = ContinuousClock.now
            run.onProgress = { settled in
                guard settled > 1 else { return }
                let perSecond = Double(settled) / (ContinuousClock.now - started).seconds
                Console.shared.show(progress: "\(settled) messages, \(decimal(perSecond, 0))/s")
            }
        }
        do {
            if let json = command.json {
                try await run.run(Array(json.utf8), tally: &tally)
            } else {
                try await run.run(source, tally: &tally)
            }
            return nil
        } catch {
            return error
        }
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
