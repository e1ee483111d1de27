-- One row per payment. A payment that was voided before it was authorized stands here with amount 0, so that a late
-- authorization is refused.
CREATE TABLE payments (
    payment_id         uuid PRIMARY KEY,
    order_id           uuid NOT NULL,
    amount_cents       bigint NOT NULL CHECK (amount_cents >= 0),
    status             text NOT NULL CHECK (status IN ('authorized', 'declined', 'voided')),
    reason             text,
    provider_reference text,
    created_at         timestamptz NOT NULL DEFAULT now(),
    voided_at          timestamptz
);

CREATE INDEX payments_by_order ON payments (order_id);
