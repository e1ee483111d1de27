-- Where each order stands: the sum of its events, kept beside them for cheap queries. The events decide; `audit` compares.
CREATE TABLE orders (
    order_id    uuid PRIMARY KEY,
    customer_id text NOT NULL,
    status      text NOT NULL CHECK (status IN ('open', 'confirmed', 'rejected')),
    total_cents bigint NOT NULL,
    reason      text,
    version     integer NOT NULL,
    updated_at  timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);
