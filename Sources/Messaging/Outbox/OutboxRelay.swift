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
/// It goes in lock step: one flight to the database deletes what the broker has confirmed and reads what is next; one
/// flight to the broker publishes that. Messages of one key that are in the same flight leave in order over one channel;
/// if one of them is refused, those behind it in later flights wait for it, but one behind it in the same flight may
/// already have been taken.
final class OutboxRelay: Sendable {
    private let core: MessagingCore

    init(core: MessagingCore) { self.core = core }

    private struct Row {
        let id: Int64
        let attempts: Int
        let message: OutgoingMessage
    }

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
                let listening = Task { [wake = core.relayWake] in for await _ in notifications { wake.signal() } }
                defer { listening.cancel() }
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
        var ledger = RelayLedger(rows: [], outcomes: [])
        var hasRefused = true
        var declared: Set<String> = []
        while !core.abort.isSet {
            let isLast = core.relayStop.isSet
            let rows = try await flight(connection, ledger, &hasRefused)
            ledger = RelayLedger(rows: [], outcomes: [])
            guard !rows.isEmpty else {
                if isLast { return }
                await core.relayWake.wait(upTo: core.configuration.relayPoll)
                continue
            }
            await declare(rows, &declared)
            let outcomes = await publisher.publish(rows.map(\.message))
            ledger = RelayLedger(rows: rows.map { ($0.id, $0.attempts) }, outcomes: outcomes)
            core.configuration.faults.afterConfirm?()
            let (done, failed) = (ledger.done.count, ledger.refused.count + ledger.unanswered)
            core.counters.update {
                $0.published += done
                $0.publishFailures += failed
            }
            if !ledger.refused.isEmpty { hasRefused = true }
            if ledger.unanswered > 0, done == 0 { await core.relayWake.wait(upTo: .milliseconds(100)) }
        }
    }

    /// Deletes what is done, marks what was refused and reads what is next, in one flight.
    private func flight(
        _ connection: PostgresConnection, _ ledger: RelayLedger, _ hasRefused: inout Bool
    ) async throws -> [Row] {
        var statements: [SQL] = []
        if !ledger.done.isEmpty { statements.append(RelayStatements.delete(ledger.done)) }
        if !ledger.refused.isEmpty {
            for refused in ledger.refused where refused.attempts == 1 {
                core.logger.warning("the broker did not take a message", metadata: ["reason": "\(refused.reason)"])
            }
            let delays = core.withGenerator { generator in
                ledger.refused.map {
                    core.configuration.relayRetry.delay(afterTries: $0.attempts, using: &generator).seconds
                }
            }
            statements.append(RelayStatements.refuse(ledger.refused, delays: delays))
        }
        let limit = max(1, core.configuration.relayBatch)
        if hasRefused { statements.append(RelayStatements.hasRefused) }
        statements.append(hasRefused ? RelayStatements.nextBehindRefused(limit) : RelayStatements.next(limit))
        let answers = try await connection.pipeline(statements)
        let isCautious = hasRefused
        if isCautious { hasRefused = try answers[answers.count - 2].first?.decode(Bool.self, at: 0) ?? true }
        return try answers[answers.count - 1].map(Self.row)
    }

    private static func row(_ row: PostgresRow) throws -> Row {
        let id = try row.decode(Int64.self, at: 0)
        let messageID = try row.decode(UUID.self, at: 1)
        let exchange = try row.decode(String.self, at: 2)
        let routingKey = try row.decode(String.self, at: 3)
        let key = try row.decode(String?.self, at: 4)
        var payload = try row.decode([UInt8].self, at: 5)
        if let sequence = try row.decode(Int64?.self, at: 6) {
            payload = Envelope.appending(sequence: sequence, to: payload)
        }
        var properties = MessageProperties(contentType: WellKnown.contentType)
        properties.messageID = messageID.lowercased
        properties.type = routingKey
        if let key { properties.headers[WorkerTopology.partitionHeader] = .string(key) }
        return Row(
            id: id, attempts: Int(try row.decode(Int32.self, at: 7)),
            message: OutgoingMessage(
                exchange: exchange, routingKey: routingKey, properties: properties, body: payload,
                mandatory: exchange == WellKnown.commandsExchange))
    }

    /// Publishing to an exchange that does not exist closes the channel, so each is declared before its first message. A
    /// user who may not declare can go on if the exchange is there.
    private func declare(_ rows: [Row], _ declared: inout Set<String>) async {
        for row in rows where !declared.contains(row.message.exchange) {
            let name = row.message.exchange
            do {
                try await core.amqp.declare(AMQPTopology(exchanges: [WorkerTopology.exchange(name)]))
                declared.insert(name)
            } catch {
                if !error.isConnectionFailure { declared.insert(name) }
                core.logger.debug("an exchange was not declared", metadata: ["exchange": "\(name)", "error": "\(error)"])
            }
        }
    }
}
