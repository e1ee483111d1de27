import AMQP
import Contracts
import Logging
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Publishes the outbox in order.
///
/// Of all processes of a worker one publishes: the one that holds the schema's advisory lock, on a connection of its own
/// over which it also reads and deletes. If that connection is lost, so is the lock, and nothing can be deleted by a
/// process that no longer holds it. The others stand by: they look for the lock every ``MessagingConfiguration/relayPoll``,
/// and tell the holder by NOTIFY, outside of any business transaction, that they have committed something.
///
/// What this process commits it gets in memory and publishes without reading it (``OutboxFeed``). The relay's task reads the
/// outbox when it begins, when rows are missing between those it was handed, when the broker has refused something, when
/// another process says that it has committed, and every ``MessagingConfiguration/relayPoll``. One flight at a time is
/// published: messages in it leave in order over one channel; if one of them is refused, those behind it in later flights
/// wait for it, but one behind it in the same flight may already have been taken.
final class OutboxRelay: Sendable {
    private let core: MessagingCore

    init(core: MessagingCore) { self.core = core }

    func run() async {
        let publisher = core.amqp.publisher(window: max(1, core.configuration.relayBatch))
        var tries = 0
        while !core.abort.isSet {
            do {
                try await session(publisher)
                break
            } catch {
                core.state.withLock { $0.isRelaying = false }
                tries = core.relayStop.isSet ? tries + 1 : min(tries + 1, 6)
                core.logger.debug("the relay lost its connection", metadata: ["error": "\(error)"])
                if core.abort.isSet || Task.isCancelled { break }
                await core.relayWake.wait(upTo: .milliseconds(50 << min(tries, 6)))
            }
        }
        core.state.withLock { $0.isRelaying = false }
    }

    /// Works over one connection. Returns when the relay is to stop and has published everything it can.
    private func session(_ publisher: AMQPPublisher) async throws {
        let connection = try await PostgresConnection.connect(core.postgres.configuration, logger: core.logger)
        do {
            guard let row = try await connection.execute(RelayStatements.identity).first else { return }
            let (key, channel) = try row.decode(Int64.self, String.self)
            try await connection.execute(RelayStatements.relaxed)
            if try await standBy(connection, key: key, channel: channel) {
                core.state.withLock { $0.isRelaying = true }
                let notifications = try await connection.listen(channel)
                let listening = Task { [feed = core.feed, timers = core.timerWake] in
                    for await notification in notifications {
                        if notification.payload == TimerWake.payload { timers.signal() } else { feed.look() }
                    }
                }
                defer {
                    listening.cancel()
                    core.feed.resign()
                }
                core.feed.lead(publisher)
                // With the connection the lock is gone: what is handed over from then on is somebody else's.
                connection.whenClosed { [feed = core.feed, wake = core.relayWake] in
                    feed.resign()
                    wake.signal()
                }
                try await lead(connection, publisher)
            }
            await connection.close()
        } catch {
            await connection.close()
            throw error
        }
    }

    /// Waits for the lock.
    ///
    /// - Returns: false when the relay is to stop; the process that holds the lock goes on.
    private func standBy(_ connection: PostgresConnection, key: Int64, channel: String) async throws -> Bool {
        while true {
            let isLast = core.relayStop.isSet
            let answers = try await connection.pipeline([RelayStatements.tryLock(key), RelayStatements.notify(channel)])
            if try answers[0].first?.decode(Bool.self, at: 0) == true { return true }
            if isLast { return false }
            await core.relayWake.wait(upTo: core.configuration.relayPoll)
        }
    }

    private func lead(_ connection: PostgresConnection, _ publisher: AMQPPublisher) async throws {
        var nextRead = ContinuousClock.now
        while !core.abort.isSet {
            let isLast = core.relayStop.isSet
            let left = ContinuousClock.now.duration(to: nextRead)
            switch core.feed.duty(read: isLast || left <= .zero, sleep: left) {
            case .wait: await core.relayWake.wait(upTo: .milliseconds(100))
            case .sleep(let time): await core.relayWake.wait(upTo: time)
            case .delete(let ids): try await connection.execute(RelayStatements.delete(ids))
            case .read:
                nextRead = .now + core.configuration.relayPoll
                let rows = try await read(connection)
                if rows.isEmpty {
                    if isLast, !core.feed.isPublishing { return }
                    if core.feed.mustRead { await core.relayWake.wait(upTo: core.configuration.relayPoll) }
                    continue
                }
                await declare(rows)
                let isAnswered = await core.feed.publish(rows, with: publisher)
                if !isAnswered { await core.relayWake.wait(upTo: .milliseconds(100)) }
            }
            if connection.isClosed { throw PostgresError(code: .connectionClosed, message: "the relay lost its connection") }
        }
    }

    /// Deletes what is done, marks what was refused and reads what is next, in one flight.
    private func read(_ connection: PostgresConnection) async throws -> [OutboxFeed.Row] {
        let (isCautious, bound) = core.feed.caution
        let settlement = core.feed.beginRead()
        var statements: [SQL] = []
        if !settlement.done.isEmpty { statements.append(RelayStatements.delete(settlement.done)) }
        if !settlement.refused.isEmpty { statements.append(refusal(settlement.refused)) }
        if isCautious { statements.append(RelayStatements.hasRefused) }
        let (limit, source) = (core.feed.limit, core.configuration.source)
        statements.append(
            isCautious
                ? RelayStatements.nextBehindRefused(limit, source: source, bound: bound)
                : RelayStatements.next(limit, source: source, bound: bound))
        let answers = try await connection.pipeline(statements)
        let hasRefused = isCautious ? try answers[answers.count - 2].first?.decode(Bool.self, at: 0) ?? true : false
        guard let found = answers.last, let first = found.first else {
            throw MessagingError(.usage, "the read of the outbox has no answer")
        }
        let (ended, own, last) = try first.decode(Int64.self, Int64?.self, Int64.self)
        let isEmpty = try first.decode(Int64?.self, at: 3) == nil
        let rows = isEmpty ? [] : try found.map(Self.row)
        core.feed.endRead(
            rows, last: last, horizon: .init(ended: ended, bound: own), isComplete: rows.count < limit,
            hasRefused: hasRefused)
        return rows
    }

    private func refusal(_ refused: [RelayLedger.Refused]) -> SQL {
        for refused in refused where refused.attempts == 1 {
            core.logger.warning("the broker did not take a message", metadata: ["reason": "\(refused.reason)"])
        }
        let delays = core.withGenerator { generator in
            refused.map {
                core.configuration.relayRetry.delay(afterTries: $0.attempts, using: &generator).seconds
            }
        }
        return RelayStatements.refuse(refused, delays: delays)
    }

    private static func row(_ row: PostgresRow) throws -> OutboxFeed.Row {
        RelayRow.make(
            id: try row.decode(Int64.self, at: 3), sequence: try row.decode(Int64?.self, at: 9),
            attempts: Int(try row.decode(Int32.self, at: 10)),
            RelayRow.message(
                id: try row.decode(UUID.self, at: 4), exchange: try row.decode(String.self, at: 5),
                routingKey: try row.decode(String.self, at: 6), key: try row.decode(String?.self, at: 7),
                payload: try row.decode([UInt8].self, at: 8)))
    }

    /// Publishing to an exchange that does not exist closes the channel, so each is declared before its first message. A
    /// user who may not declare can go on if the exchange is there.
    private func declare(_ rows: [OutboxFeed.Row]) async {
        for name in core.feed.undeclared(rows) {
            do {
                try await core.amqp.declare(AMQPTopology(exchanges: [WorkerTopology.exchange(name)]))
                core.feed.declared(name)
            } catch {
                // Refused by the broker; after anything else it is not known, and tried again.
                if error.replyCode != nil, !error.isConnectionFailure { core.feed.declared(name) }
                core.logger.debug("an exchange was not declared", metadata: ["exchange": "\(name)", "error": "\(error)"])
            }
        }
    }
}
