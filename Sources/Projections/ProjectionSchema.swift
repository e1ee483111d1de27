public import Postgres

/// The table in which a worker's schema keeps the checkpoints of its projections.
public enum ProjectionSchema {
    /// The table that records which of these migrations have run.
    public static let historyTable = "millrace_projections_history"

    /// The migrations, oldest first. They name no schema: the connection's search path decides.
    public static let migrations: [Migration] = [
        Migration(version: "1", description: "checkpoints", sql: checkpoints)
    ]

    // One row per projection, version and source, changed by every batch: room in the page keeps the changes in it.
    private static let checkpoints = """
        CREATE TABLE projections (
            name       text NOT NULL,
            version    integer NOT NULL,
            source     text NOT NULL,
            sequence   bigint,
            event_id   uuid NOT NULL,
            event_time timestamptz NOT NULL,
            updated_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (name, version, source)
        ) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
        """
}
