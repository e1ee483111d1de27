-- What can be sold. put_in is all stock that was ever put in (less what was taken out by hand), so that at any time
-- put_in = available + the quantities of active reservations.
CREATE TABLE products (
    product_id  text PRIMARY KEY,
    name        text NOT NULL,
    price_cents bigint NOT NULL CHECK (price_cents >= 0),
    available   bigint NOT NULL DEFAULT 0 CHECK (available >= 0),
    put_in      bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

-- The decision for each order, made once. A released order stays, so that a late reservation is refused.
CREATE TABLE reservations (
    order_id    uuid PRIMARY KEY,
    status      text NOT NULL CHECK (status IN ('active', 'rejected', 'released')),
    items       jsonb NOT NULL,
    product_id  text,
    reason      text,
    decided_at  timestamptz NOT NULL DEFAULT now()
);
