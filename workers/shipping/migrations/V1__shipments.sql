-- One shipment per order and, in the same place, the mark that an order's shipment was cancelled, so that a late
-- creation is refused.
CREATE TABLE shipments (
    shipment_id  uuid PRIMARY KEY,
    order_id     uuid NOT NULL UNIQUE,
    customer_id  text,
    items        jsonb NOT NULL,
    status       text NOT NULL CHECK (status IN ('created', 'refused', 'cancelled')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    cancelled_at timestamptz
);
