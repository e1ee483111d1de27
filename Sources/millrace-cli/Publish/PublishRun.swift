import AMQP
import Contracts
import DequeModule
import Foundation

/// Reads values, checks them, and publishes them in order with a full window of confirms.
struct PublishRun {
    /// A message that the broker has.
    struct Confirmed {
        var number: Int
        var id: UUID
        var key: String?
    }

    var draft: EventDraft
    /// Nil for a dry run: everything but sending.
    var publisher: AMQPPublisher?
    /// Values left out at the start.
    var skip = 0
    /// Messages in a second; nil for as fast as it goes.
    var rate: Double?
    /// Goes on after data that is refused.
    var keepsGoing = false
    /// Told of each message in order.
    var onConfirmed: ([Confirmed]) -> Void = { _ in }
    /// Told how many are settled.
    var onProgress: (Int) -> Void = { _ in }

    /// Messages handed over at once, and how many such batches are under way.
    static let batchSize = 500
    static let depth = 6

    private struct Flight {
        var sent: [(record: JSONStreamSplitter.Record, prepared: EventDraft.Prepared)]
        var pending: PendingPublish?
    }

    /// Runs to the end of the input, the first failure, or cancellation; what is in flight settles in all cases.
    /// - Throws: ``JSONStreamSplitter/Failure`` when no further value can be read, `CancellationError`, or what reading threw.
    ///   The tally is right also then.
    func run(_ source: ByteSource, tally: inout PublishTally) async throws {
        var splitter = JSONStreamSplitter(maximumBytes: draft.maximumBytes)
        var flights: Deque<Flight> = []
        var failure: (any Error)?
        do {
            var isAtEnd = false
            while !isAtEnd, tally.lost == 0 || keepsGoing {
                if !source.isReady { await settleAll(&flights, &tally) }
                var records: [JSONStreamSplitter.Record] = []
                do {
                    if let bytes = try await source.read() {
                        try splitter.feed(bytes, into: &records)
                    } else {
                        isAtEnd = true
                        try splitter.finish(into: &records)
                    }
                } catch {
                    // What stood before the flaw is good.
                    try await send(records, &flights, &tally)
                    throw error
                }
                try await send(records, &flights, &tally)
            }
        } catch {
            failure = error
        }
        await settleAll(&flights, &tally)
        if let failure { throw failure }
    }

    /// The same for data that is at hand.
    func run(_ bytes: [UInt8], tally: inout PublishTally) async throws {
        var splitter = JSONStreamSplitter(maximumBytes: draft.maximumBytes)
        var flights: Deque<Flight> = []
        var records: [JSONStreamSplitter.Record] = []
        try splitter.feed(bytes, into: &records)
        try splitter.finish(into: &records)
        do {
            try await send(records, &flights, &tally)
        } catch {
            await settleAll(&flights, &tally)
            throw error
        }
        await settleAll(&flights, &tally)
    }

    private func send(
        _ records: [JSONStreamSplitter.Record], _ flights: inout Deque<Flight>, _ tally: inout PublishTally
    ) async throws {
        let size = rate.map { max(1, min(Self.batchSize, Int($0 / 20))) } ?? Self.batchSize
        var rest = records[...].drop { $0.number <= skip }
        while !rest.isEmpty, tally.lost == 0 || keepsGoing {
            try Task.checkCancellation()
            let start = ContinuousClock.now
            let flight = takeOff(rest.prefix(size), &tally)
            rest = rest.dropFirst(size)
            if !flight.sent.isEmpty { flights.append(flight) }
            while flights.count >= Self.depth { await settleFirst(&flights, &tally) }
            if let rate { try await Task.sleep(until: start + .seconds(Double(flight.sent.count) / rate), clock: .continuous) }
        }
    }

    private func takeOff(_ records: ArraySlice<JSONStreamSplitter.Record>, _ tally: inout PublishTally) -> Flight {
        var flight = Flight(sent: [])
        flight.sent.reserveCapacity(records.count)
        for record in records {
            do {
                flight.sent.append((record, try draft.prepare(record.bytes)))
            } catch {
                tally.lose(.init(number: record.number, line: record.line, kind: .refused, reason: error.description))
                if !keepsGoing { break }
            }
        }
        flight.pending = publisher?.submit(flight.sent.map(\.prepared.message))
        return flight
    }

    private func settleAll(_ flights: inout Deque<Flight>, _ tally: inout PublishTally) async {
        while !flights.isEmpty { await settleFirst(&flights, &tally) }
    }

    private func settleFirst(_ flights: inout Deque<Flight>, _ tally: inout PublishTally) async {
        guard let flight = flights.popFirst() else { return }
        let outcomes = await flight.pending?.outcomes ?? Array(repeating: .confirmed, count: flight.sent.count)
        var confirmed: [Confirmed] = []
        confirmed.reserveCapacity(outcomes.count)
        for ((record, prepared), outcome) in zip(flight.sent, outcomes) {
            if let loss = outcome.loss {
                tally.lose(.init(number: record.number, line: record.line, id: prepared.id.lowercased, kind: loss.kind, reason: loss.reason))
            } else {
                tally.confirm(record.number)
                confirmed.append(Confirmed(number: record.number, id: prepared.id, key: prepared.key))
            }
        }
        onConfirmed(confirmed)
        onProgress(tally.confirmed + tally.lost)
    }
}
