public import Postgres

/// The tables of the journal, in the schema of the worker that records it.
public enum JournalSchema {
    /// The table that records which of these migrations have run.
    public static let historyTable = "millrace_journal_history"

    /// The migrations, oldest first. They name no schema: the connection's search path decides.
    public static let migrations: [Migration] = [
        Migration(version: "1", description: "entries", sql: entries)
    ]

    // Positions are given by the one row of `sequencer`, which stays locked until the transaction ends: so entries become visible
    // in the order of their positions, and those of a transaction that is rolled back are given again. `recorded_at` never goes
    // back, whatever the clock does.
    //
    // `leaf` is the hash of a leaf of RFC 6962, so that a Merkle tree over the entries needs nothing that is not here.
    //
    // Entries of one batch share `recorded_at`, so its index stays small. There is none on source and sequence: only an audit asks
    // for them, and it reads everything.
    //
    // Nobody may change or remove entries: the rights to do so are taken from everybody, the owner too, and a trigger refuses also
    // who needs no rights (ALWAYS: even in a session that plays a replica). Whoever owns the table could grant himself the rights
    // again and drop the trigger. That cannot be prevented here; it takes more than a wrong statement, and it is what the Merkle
    // tree will reveal.
    private static let entries = """
        CREATE TABLE entries (
            position      bigint PRIMARY KEY CHECK (position > 0),
            event_id      uuid NOT NULL UNIQUE,
            topic         text NOT NULL,
            type          text NOT NULL,
            source        text NOT NULL,
            subject       text,
            partition_key text,
            sequence      bigint,
            event_time    timestamptz NOT NULL,
            recorded_at   timestamptz NOT NULL,
            body          bytea NOT NULL,
            leaf          bytea NOT NULL GENERATED ALWAYS AS (sha256(decode('00', 'hex') || body)) STORED
        ) WITH (fillfactor = 100);
        CREATE INDEX entries_topic ON entries (topic, position);
        CREATE INDEX entries_recorded_at ON entries (recorded_at);

        CREATE TABLE sequencer (
            single      boolean PRIMARY KEY DEFAULT true CHECK (single),
            last        bigint NOT NULL,
            recorded_at timestamptz NOT NULL
        ) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
        INSERT INTO sequencer (last, recorded_at) VALUES (0, clock_timestamp());

        CREATE FUNCTION entries_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'the journal is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
        END
        $$;
        CREATE TRIGGER entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entries
            FOR EACH STATEMENT EXECUTE FUNCTION entries_refuse();
        ALTER TABLE entries ENABLE ALWAYS TRIGGER entries_append_only;
        REVOKE UPDATE, DELETE, TRUNCATE ON entries FROM PUBLIC, CURRENT_USER;
        """
}
