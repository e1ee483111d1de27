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

    /// Where the values come from.
    enum Input {
        case stream(ByteSource)
        /// At hand: a text, or a file that was checked before.
        case pieces([CheckedPiece])
    }

    var draft: EventDraft
    /// Nil for a dry run: everything but sending.
    var publisher: AMQPPublisher?
    /// Messages without a confirm at once.
    var window = 1000
    /// Values left out at the start.
    var skip = 0
    /// Messages in a second; nil for as fast as it goes.
    var rate: Double?
    /// Goes on after data that is refused.
    var keepsGoing = false
    /// Told of each message in order; nil when nobody wants to know.
    var onConfirmed: (([Confirmed]) -> Void)?
    /// Told how many are settled.
    var onProgress: (Int) -> Void = { _ in }

    /// Messages handed over at once.
    static let batchSize = 500
    /// How long the input may pause before what is in flight is waited for, in milliseconds.
    static let patience: Int32 = 20

    /// Messages on their way.
    private struct Flight {
        let piece: CheckedPiece
        let messages: Range<Int>
        let refused: ArraySlice<PublishTally.Loss>
        let ids: [UUID]
        let pending: PendingPublish?
    }

    private struct Flights {
        var list: Deque<Flight> = []
        /// Messages in them.
        var count = 0
    }

    // MARK: - Checking

    /// Checks everything, and keeps it if it has at most `limit` bytes.
    /// - Returns: what was checked, nil when it was too much; it ends at the first thing that is wrong.
    func check(_ source: ByteSource, keeping limit: Int, tally: inout PublishTally) async throws -> [CheckedPiece]? {
        var intake = PublishIntake(draft: draft, skip: skip, keepsGoing: keepsGoing)
        var pieces: [CheckedPiece] = []
        var size = 0
        while !intake.isOver {
            let piece = intake.take(next: try await source.read())
            for message in piece.messages { tally.confirm(message.number) }
            for loss in piece.refused { tally.lose(loss) }
            if let flaw = piece.flaw { throw flaw }
            size += piece.size
            if size <= limit { pieces.append(piece) } else { pieces = [] }
        }
        return size <= limit ? pieces : nil
    }

    /// Takes a text apart and checks it.
    /// - Throws: ``JSONStreamSplitter/Failure``.
    func pieces(of bytes: [UInt8]) throws -> [CheckedPiece] {
        var intake = PublishIntake(draft: draft, skip: skip, keepsGoing: keepsGoing)
        let pieces = [intake.take(bytes), intake.finish()]
        if let flaw = pieces.lazy.compactMap(\.flaw).first { throw flaw }
        return pieces
    }

    // MARK: - Sending

    /// Runs to the end of the input, the first failure, or cancellation; what is in flight settles in all cases.
    /// - Throws: ``JSONStreamSplitter/Failure`` when no further value can be read, `CancellationError`, or what reading threw.
    ///   The tally is right also then.
    func run(_ input: Input, tally: inout PublishTally) async throws {
        var flights = Flights()
        var failure: (any Error)?
        do {
            switch input {
            case .stream(let source): try await send(source, &flights, &tally)
            case .pieces(let pieces):
                for piece in pieces {
                    guard tally.lost == 0 || keepsGoing else { break }
                    try await send(piece, &flights, &tally)
                }
            }
        } catch {
            failure = error
        }
        await settleAll(&flights, &tally)
        if let failure { throw failure }
    }

    private func send(_ source: ByteSource, _ flights: inout Flights, _ tally: inout PublishTally) async throws {
        var intake = PublishIntake(draft: draft, skip: skip, keepsGoing: keepsGoing)
        while !intake.isOver, tally.lost == 0 || keepsGoing {
            if !flights.list.isEmpty, await !source.isReady(within: Self.patience) { await settleAll(&flights, &tally) }
            let piece = intake.take(next: try await source.read())
            try await send(piece, &flights, &tally)
            if let flaw = piece.flaw { throw flaw }
        }
    }

    private func send(_ piece: CheckedPiece, _ flights: inout Flights, _ tally: inout PublishTally) async throws {
        let size = rate.map { max(1, min(Self.batchSize, Int($0 / 20))) } ?? Self.batchSize
        let stamp = MessageStamp(draft)
        var next = 0
        var refused = piece.refused[...]
        repeat {
            try Task.checkCancellation()
            let start = ContinuousClock.now
            let end = min(next + size, piece.messages.count)
            let isLast = end == piece.messages.count
            // Refused data is told in its place among the others.
            let before = isLast ? refused : refused.prefix { $0.number < piece.messages[end].number }
            refused = refused.dropFirst(before.count)
            takeOff(piece, next..<end, before, stamp, &flights)
            while flights.count >= 2 * window { await settleFirst(&flights, &tally) }
            if let rate, end > next {
                try await Task.sleep(until: start + .seconds(Double(end - next) / rate), clock: .continuous)
                // Slowly, so that somebody may be watching.
                while flights.list.count > (rate < 20 ? 0 : 5) { await settleFirst(&flights, &tally) }
            }
            next = end
        } while next < piece.messages.count && (tally.lost == 0 || keepsGoing)
    }

    private func takeOff(
        _ piece: CheckedPiece, _ range: Range<Int>, _ refused: ArraySlice<PublishTally.Loss>, _ stamp: MessageStamp,
        _ flights: inout Flights
    ) {
        guard !range.isEmpty || !refused.isEmpty else { return }
        let time = Date.now
        let ids = UUID.v7(count: range.count)
        let pending = publisher?.submit(
            range.map { stamp.message(piece.messages[$0], of: piece, id: ids[$0 - range.lowerBound], time: time) })
        flights.list.append(Flight(piece: piece, messages: range, refused: refused, ids: ids, pending: pending))
        flights.count += range.count
    }

    private func settleAll(_ flights: inout Flights, _ tally: inout PublishTally) async {
        while !flights.list.isEmpty { await settleFirst(&flights, &tally) }
    }

    private func settleFirst(_ flights: inout Flights, _ tally: inout PublishTally) async {
        guard let flight = flights.list.popFirst() else { return }
        flights.count -= flight.messages.count
        let outcomes = await flight.pending?.outcomes
        let stamp = onConfirmed == nil ? nil : MessageStamp(draft)
        var confirmed: [Confirmed] = []
        var refused = flight.refused
        for index in flight.messages {
            let message = flight.piece.messages[index]
            let id = flight.ids[index - flight.messages.lowerBound]
            while let loss = refused.first, loss.number < message.number {
                tally.lose(loss)
                refused.removeFirst()
            }
            if let loss = outcomes?[index - flight.messages.lowerBound].loss {
                tally.lose(.init(number: message.number, line: message.line, id: id.lowercased, kind: loss.kind, reason: loss.reason))
            } else {
                tally.confirm(message.number)
                if let stamp { confirmed.append(Confirmed(number: message.number, id: id, key: stamp.key(message, of: flight.piece))) }
            }
        }
        for loss in refused { tally.lose(loss) }
        onConfirmed?(confirmed)
        onProgress(tally.confirmed + tally.lost)
    }
}
