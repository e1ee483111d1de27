import AMQP
import Contracts
import Locking
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Publishes what has just been committed straight from memory: the thread that committed hands it to the broker's
/// connection, and the thread that takes the confirms hands over what has gathered meanwhile. The relay's own task only reads
/// when ``RelayFeed`` says so, and deletes what is done, many rows at a time.
final class OutboxFeed: Sendable {
    typealias Row = RelayFeed<OutgoingMessage>.Row

    private struct State {
        var feed: RelayFeed<OutgoingMessage>
        /// Counts the times of leading, so that answers from an earlier one are told apart.
        var term: UInt64 = 0
        var publisher: AMQPPublisher?
        /// The exchanges that are there.
        var declared: Set<String> = []
        /// When the first of the rows that are done was done.
        var doneSince: ContinuousClock.Instant?
    }

    /// Rows on their way to the broker.
    private struct Flight {
        let rows: [Row]
        let term: UInt64
        let publisher: AMQPPublisher
    }

    private let configuration: MessagingConfiguration
    private let counters: CounterBox
    private let wake: Wakeup
    private let state: Locked<State>
    let limit: Int

    /// How long rows that are done stay in the outbox, so that many are deleted at once.
    static let deletionDelay: Duration = .milliseconds(100)

    init(configuration: MessagingConfiguration, counters: CounterBox, wake: Wakeup) {
        self.configuration = configuration
        self.counters = counters
        self.wake = wake
        limit = max(1, configuration.relayBatch)
        state = Locked(State(feed: RelayFeed(capacity: 8 * limit)))
    }

    // MARK: From those who commit

    /// Takes the messages of a transaction that has committed.
    ///
    /// - Parameters:
    ///   - messages: as ``RelayRow/message(_:)`` makes them.
    ///   - answer: of the statement of ``OutboxWriter``.
    func handOver(_ messages: [OutgoingMessage], _ answer: PostgresResult?) {
        let rows = answer.flatMap { Self.rows(messages, $0) }
        let (flight, mustWake) = state.withLock { state -> (Flight?, Bool) in
            let names = state.declared
            guard let rows, rows.allSatisfy({ names.contains($0.message.exchange) }) else {
                state.feed.requireRead()
                return (nil, true)
            }
            switch state.feed.offer(rows) {
            case .left: return (nil, false)
            case .standby, .mustRead: return (nil, true)
            case .taken: return (next(&state), false)
            }
        }
        if let flight { send(flight) }
        if mustWake { wake.signal() }
    }

    /// Something may be in the outbox that is not handed over.
    func look() {
        state.withLock { $0.feed.requireRead() }
        wake.signal()
    }

    private static func rows(_ messages: [OutgoingMessage], _ answer: PostgresResult) -> [Row]? {
        guard answer.count == messages.count else { return nil }
        var rows: [Row] = []
        rows.reserveCapacity(messages.count)
        for (message, row) in zip(messages, answer) {
            // Events have numbers, commands have none.
            guard let (id, sequence) = try? row.decode(Int64.self, Int64?.self),
                (sequence == nil) == (message.exchange == WellKnown.commandsExchange)
            else { return nil }
            rows.append(RelayRow.make(id: id, sequence: sequence, message))
        }
        return rows
    }

    // MARK: Publishing

    private func next(_ state: inout State) -> Flight? {
        guard let publisher = state.publisher else { return nil }
        let rows = state.feed.take(limit)
        return rows.isEmpty ? nil : Flight(rows: rows, term: state.term, publisher: publisher)
    }

    private func send(_ flight: Flight) {
        flight.publisher.submit(flight.rows.map(\.message)).whenSettled { [self] outcomes in
            let (next, mustWake) = settled(flight.rows, outcomes, term: flight.term)
            if let next { send(next) }
            if mustWake { wake.signal() }
        }
    }

    private func settled(_ rows: [Row], _ outcomes: [PublishOutcome], term: UInt64) -> (Flight?, mustWake: Bool) {
        let ledger = RelayLedger(rows: rows.map { ($0.id, $0.attempts) }, outcomes: outcomes)
        let missing = Self.missingExchanges(rows, outcomes)
        configuration.faults.afterConfirm?()
        let (done, failed) = (ledger.done.count, ledger.refused.count + ledger.unanswered)
        counters.update {
            $0.published += done
            $0.publishFailures += failed
        }
        return state.withLock { state in
            guard state.term == term else { return (nil, false) }
            state.declared.subtract(missing)
            state.feed.settle(ledger)
            let isFirst = state.doneSince == nil && state.feed.doneCount > 0
            if isFirst { state.doneSince = .now }
            let flight = next(&state)
            return (flight, isFirst || state.feed.mustRead || state.feed.doneCount >= limit)
        }
    }

    /// The exchanges that the broker did not know: somebody has deleted them since they were declared.
    private static func missingExchanges(_ rows: [Row], _ outcomes: [PublishOutcome]) -> Set<String> {
        var names: Set<String> = []
        for (row, outcome) in zip(rows, outcomes) {
            if case .failed(let error) = outcome, error.replyCode == 404 { names.insert(row.message.exchange) }
        }
        return names
    }

    // MARK: From the relay

    /// What the relay's task is to do.
    enum Duty: Sendable {
        /// Rows are unanswered; it is signalled when that is over.
        case wait
        case read
        case delete([Int64])
        case sleep(Duration)
    }

    func lead(_ publisher: AMQPPublisher) {
        state.withLock { state in
            state.feed.lead()
            state.term += 1
            state.publisher = publisher
            state.doneSince = nil
        }
    }

    func resign() {
        state.withLock { state in
            state.feed.resign()
            state.term += 1
            state.publisher = nil
            state.doneSince = nil
        }
    }

    /// - Parameter read: whether a read is due anyhow.
    func duty(read: Bool, sleep: Duration) -> Duty {
        state.withLock { state in
            if read || state.feed.mustRead {
                state.feed.requireRead()
                return state.feed.isPublishing ? .wait : .read
            }
            guard let since = state.doneSince else { return .sleep(sleep) }
            let left = ContinuousClock.now.duration(to: since + Self.deletionDelay)
            guard left <= .zero || state.feed.doneCount >= limit else { return .sleep(min(left, sleep)) }
            state.doneSince = nil
            return .delete(state.feed.takeSettlement().done)
        }
    }

    /// What the next read has to look out for: rows that were refused, and a hole that was found before.
    var caution: (hasRefused: Bool, needsBound: Bool) {
        state.withLock { ($0.feed.hasRefused, $0.feed.needsBound) }
    }

    var isPublishing: Bool { state.withLock { $0.feed.isPublishing } }

    var mustRead: Bool { state.withLock { $0.feed.mustRead } }

    func beginRead() -> RelayFeed<OutgoingMessage>.Settlement {
        state.withLock { state in
            state.doneSince = nil
            return state.feed.beginRead()
        }
    }

    func endRead(
        _ rows: [Row], last: Int64, horizon: RelayFeed<OutgoingMessage>.Horizon, isComplete: Bool, hasRefused: Bool
    ) {
        let (flight, mustWake) = state.withLock { state -> (Flight?, Bool) in
            let isLeft = state.feed.endRead(
                rows, last: last, horizon: horizon, isComplete: isComplete, hasRefused: hasRefused)
            // What was handed over during a read that found nothing has nobody else to send it.
            return (next(&state), isLeft)
        }
        if let flight { send(flight) }
        // Behind a read that found nothing the relay would sleep.
        if mustWake { wake.signal() }
    }

    /// The exchanges among these that are not known to be there.
    func undeclared(_ rows: [Row]) -> Set<String> {
        state.withLock { state in Set(rows.map(\.message.exchange)).subtracting(state.declared) }
    }

    func declared(_ exchange: String) { state.withLock { _ = $0.declared.insert(exchange) } }

    /// Publishes the rows of a read and waits for the answers.
    ///
    /// - Returns: whether the broker took any.
    func publish(_ rows: [Row], with publisher: AMQPPublisher) async -> Bool {
        let term = state.withLock { $0.term }
        let outcomes = await publisher.publish(rows.map(\.message))
        let (flight, _) = settled(rows, outcomes, term: term)
        if let flight { send(flight) }
        return outcomes.contains(where: \.isConfirmed)
    }
}

/// Makes messages of rows.
enum RelayRow {
    /// A row that was read or has just been written.
    ///
    /// - Parameter message: as it is before it has the number of an event, which is put in here.
    static func make(id: Int64, sequence: Int64?, attempts: Int = 0, _ message: OutgoingMessage) -> OutboxFeed.Row {
        var message = message
        if let sequence { message.body = Envelope.appending(sequence: sequence, to: message.body) }
        return OutboxFeed.Row(
            id: id, sequence: sequence, attempts: attempts, size: message.body.count + 500, message: message)
    }

    /// The message of an entry, but for its number.
    static func message(_ entry: OutboxEntry) -> OutgoingMessage {
        message(
            id: entry.messageID, exchange: entry.exchange, routingKey: entry.routingKey,
            key: entry.partitionKey.isEmpty ? nil : entry.partitionKey, payload: entry.payload)
    }

    static func message(id: UUID, exchange: String, routingKey: String, key: String?, payload: [UInt8]) -> OutgoingMessage {
        var properties = MessageProperties(contentType: WellKnown.contentType)
        properties.messageID = id.lowercased
        properties.type = routingKey
        if let key { properties.headers[WorkerTopology.partitionHeader] = .string(key) }
        return OutgoingMessage(
            exchange: exchange, routingKey: routingKey, properties: properties, body: payload,
            mandatory: exchange == WellKnown.commandsExchange)
    }
}
