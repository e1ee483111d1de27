-- Every command that was accepted, while its outcome is awaited and after. cause is why a command will fail, as far as
-- the workers on its way have said; failure and reason are why it has failed.
CREATE TABLE commands (
    id          uuid PRIMARY KEY,
    type        text NOT NULL,
    subject     text NOT NULL,
    status      text NOT NULL DEFAULT 'accepted' CHECK (status IN ('accepted', 'succeeded', 'failed')),
    cause       text,
    failure     text,
    reason      text,
    accepted_at timestamptz NOT NULL,
    finished_at timestamptz
) WITH (fillfactor = 70);

CREATE TABLE orders (
    order_id    uuid PRIMARY KEY,
    customer_id text NOT NULL,
    status      text NOT NULL CHECK (status IN ('created', 'confirmed', 'rejected')),
    items       jsonb NOT NULL,
    total_cents bigint NOT NULL,
    reason      text,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
) WITH (fillfactor = 80);

-- Order ids grow with time, so this is the order of a customer's orders, newest first.
CREATE INDEX orders_by_customer ON orders (customer_id, order_id DESC);

-- A row may be made by a reservation before the product itself is known here; it has no name then and is not shown.
CREATE TABLE products (
    product_id  text PRIMARY KEY,
    name        text,
    price_cents bigint,
    available   bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE TABLE payments (
    payment_id   uuid PRIMARY KEY,
    order_id     uuid NOT NULL,
    amount_cents bigint NOT NULL,
    status       text NOT NULL CHECK (status IN ('authorized', 'declined', 'voided')),
    reason       text,
    updated_at   timestamptz NOT NULL
);

CREATE INDEX payments_by_order ON payments (order_id);
