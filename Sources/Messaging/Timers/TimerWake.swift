package import Postgres

/// Tells a running worker that another program has set a timer of its.
///
/// The process that publishes the outbox listens anyway: it takes this on the same channel, and no worker needs a connection more.
package enum TimerWake {
    static let payload = "timers"

    /// Sent with the commit of the transaction that it is executed in. The search path is the worker's schema.
    package static let statement: SQL = "SELECT pg_notify('millrace_outbox_' || md5(current_schema()), \(payload)::text)"
}
