import AMQP
import Contracts
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What stands in the column `exchange` of what did not come from an exchange.
enum ParkedExchange {
    /// A timer.
    static let timers = "timers"
}

/// The statements around the table `parked`.
enum ParkedStatements {
    /// Parks a message. One that is parked already stays as it is.
    static func insert(
        _ message: IncomingMessage, status: Failure.Status, delay: Duration? = nil, failure: FailureDescription? = nil
    ) -> SQL {
        insert(
            id: message.id, key: message.key, exchange: message.delivery.exchange,
            routingKey: message.delivery.routingKey, type: message.envelope?.type ?? message.delivery.routingKey,
            body: message.delivery.body, properties: properties(message.delivery), status: status, delay: delay,
            failure: failure)
    }

    /// Parks bytes that are no envelope, for an operator.
    static func insertRaw(_ message: IncomingMessage) -> SQL {
        let error = message.parseError ?? MessagingError(.unparseable, "not an envelope")
        return insert(
            message, status: .failed, failure: FailureDescription(error, handler: message.delivery.routingKey))
    }

    /// Parks a message that does not fit its contract, for an operator.
    static func insertRefused(_ message: IncomingMessage) -> SQL {
        insert(
            message, status: .failed,
            failure: message.violation.map { FailureDescription($0, handler: message.envelope?.type ?? message.delivery.routingKey) })
    }

    static func insert(
        id: UUID, key: String?, exchange: String, routingKey: String, type: String, body: [UInt8], properties: String,
        status: Failure.Status, delay: Duration?, failure: FailureDescription?
    ) -> SQL {
        let routingKey = FailureDescription.cleaned(routingKey, limit: 255)
        let type = FailureDescription.cleaned(type, limit: IncomingMessage.longestKey)
        let seconds = status == .retrying ? (delay ?? .zero).seconds : nil
        return """
            INSERT INTO parked (
                message_id, partition_key, exchange, routing_key, type, body, properties, status, next_attempt_at,
                fingerprint, error_type, error_message, error_place)
            VALUES (
                \(id), \(key), \(FailureDescription.cleaned(exchange, limit: 255)), \(routingKey), \(type), \(body),
                \(properties)::text::jsonb, \(status.rawValue),
                clock_timestamp() + \(seconds)::float8 * interval '1 second', \(failure?.fingerprint),
                \(failure?.errorType), \(failure?.message), \(failure?.place))
            ON CONFLICT (message_id) \(exchange == ParkedExchange.timers ? replacingTimer : "DO NOTHING")
            """
    }

    /// The id of a timer is its user's, who may set it anew when it is parked; what was parked last counts.
    private static let replacingTimer: SQL = """
        DO UPDATE SET routing_key = excluded.routing_key, type = excluded.type, body = excluded.body,
            properties = excluded.properties, status = excluded.status, next_attempt_at = excluded.next_attempt_at,
            attempts = 0, crashes = 0, counted_by = NULL, fingerprint = excluded.fingerprint,
            error_type = excluded.error_type, error_message = excluded.error_message, error_place = excluded.error_place
        WHERE parked.exchange = 'timers'
        """

    /// Makes the first message of each key due, if it only waited for its turn.
    static func promote(keys: [String], table: SQL = "parked") -> SQL {
        """
        UPDATE \(table) p SET status = 'retrying', next_attempt_at = clock_timestamp()
        FROM (SELECT min(position) AS position FROM \(table) WHERE partition_key = ANY(\(keys)::text[])
              GROUP BY partition_key) first
        WHERE p.position = first.position AND p.status = 'waiting'
        """
    }

    /// Makes messages due that wait although nothing is before them; see ``ParkedRetrier``.
    static func promoteOrphans() -> SQL {
        """
        UPDATE parked p SET status = 'retrying', next_attempt_at = clock_timestamp()
        WHERE p.status = 'waiting' AND NOT EXISTS (
            SELECT 1 FROM parked q WHERE q.partition_key = p.partition_key AND q.position < p.position)
        """
    }

    /// Takes one message that is due and first of its key; for `lease` nobody else takes it. It is counted the first time; the last
    /// column says what it was before, which is the count of another process.
    static func claim(lease: Duration, by process: UUID) -> SQL {
        """
        UPDATE parked p SET crashes = greatest(p.crashes, 1),
            counted_by = CASE WHEN due.crashes > 0 THEN p.counted_by ELSE \(process) END,
            next_attempt_at = clock_timestamp() + \(lease.seconds)::float8 * interval '1 second'
        FROM (
            SELECT c.position, c.crashes FROM parked c
            WHERE c.status = 'retrying' AND c.next_attempt_at <= now() AND NOT EXISTS (
                SELECT 1 FROM parked q WHERE q.partition_key = c.partition_key AND q.position < c.position)
            ORDER BY c.next_attempt_at, c.position LIMIT 1 FOR UPDATE OF c SKIP LOCKED) due
        WHERE p.position = due.position
        RETURNING p.position, p.message_id, p.partition_key, p.exchange, p.routing_key, p.body, p.properties::text,
                  p.attempts, due.crashes
        """
    }

    /// Counts a suspect that was claimed, and renews its lease; returns the count, or nothing if it is not to be run any more. If the
    /// lease was over before its turn came, somebody else may have counted it. (Who has run it since to an end, and claimed it again,
    /// has the same count, and this one may run it in his place.)
    static func count(_ message: ParkedMessage, lease: Duration, by process: UUID) -> SQL {
        """
        UPDATE parked SET crashes = crashes + 1, counted_by = \(process),
            next_attempt_at = clock_timestamp() + \(lease.seconds)::float8 * interval '1 second'
        WHERE position = \(message.position) AND message_id = \(message.id) AND status = 'retrying' AND crashes = \(Int32(message.crashes))
        RETURNING crashes
        """
    }

    /// Takes back whatever this process has counted, when nothing of it runs; it is due again.
    static func takeBackCounts(by process: UUID) -> SQL {
        """
        UPDATE parked SET crashes = crashes - 1, counted_by = NULL, next_attempt_at = now()
        WHERE counted_by = \(process) AND status = 'retrying'
        """
    }

    /// What of an AMQP message is not in its envelope, as JSON.
    static func properties(_ delivery: Delivery) -> String {
        var fields: [String: String] = [:]
        fields["messageId"] = delivery.properties.messageID
        fields["type"] = delivery.properties.type
        fields["contentType"] = delivery.properties.contentType
        fields["correlationId"] = delivery.properties.correlationID
        fields["appId"] = delivery.properties.appID
        for (name, value) in delivery.properties.headers {
            if let text = value.stringValue { fields["header.\(name)"] = text }
        }
        return json(fields)
    }

    /// A JSON object. `jsonb` refuses NUL, so there is none.
    static func json(_ fields: [String: String]) -> String {
        let clean = fields.map { (FailureDescription.cleaned($0, limit: 255), FailureDescription.cleaned($1, limit: 4_000)) }
        guard let data = try? JSONEncoder().encode(Dictionary(clean, uniquingKeysWith: { first, _ in first })) else {
            return "{}"
        }
        return String(decoding: data, as: UTF8.self)
    }
}
