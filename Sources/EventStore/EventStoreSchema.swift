public import Postgres

/// The tables that event sourcing keeps in a worker's schema.
public enum EventStoreSchema {
    /// The table that records which of these migrations have run.
    public static let historyTable = "event_store_schema_history"

    /// The migrations, oldest first. They name no schema: the connection's search path decides.
    public static let migrations: [Migration] = [
        Migration(version: "1", description: "event streams", sql: streams)
    ]

    // `data` is json, not jsonb: its bytes come back as they were written, and it takes every text that JSON has
    // (jsonb refuses \u0000). Events are only ever added: their pages are filled to the brim.
    private static let streams = """
        CREATE TABLE events (
            stream         text NOT NULL,
            version        integer NOT NULL CHECK (version > 0),
            id             uuid NOT NULL,
            type           text NOT NULL,
            schema_version integer NOT NULL CHECK (schema_version > 0),
            data           json NOT NULL,
            metadata       json NOT NULL,
            recorded_at    timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (stream, version)
        ) WITH (fillfactor = 100);

        CREATE TABLE snapshots (
            stream        text PRIMARY KEY,
            version       integer NOT NULL,
            state_version integer NOT NULL,
            state         json NOT NULL,
            recorded_at   timestamptz NOT NULL DEFAULT now()
        );

        CREATE TABLE event_types (
            type           text NOT NULL,
            schema_version integer NOT NULL,
            PRIMARY KEY (type, schema_version)
        );

        COMMENT ON TABLE events IS 'the streams of aggregates; rows are never changed';
        COMMENT ON TABLE snapshots IS 'states at a version, to read fewer events; can be emptied at any time';
        COMMENT ON TABLE event_types IS 'the versions of events that may be stored; checked when a worker starts';
        """
}
