-- A CHECK of a table is read and compiled anew by every statement that writes a row, a domain's once by each session.
CREATE DOMAIN amount AS bigint CHECK (VALUE >= 0);
CREATE DOMAIN payment_status AS text CHECK (VALUE IN ('authorized', 'declined', 'voided'));

ALTER TABLE payments
    DROP CONSTRAINT payments_amount_cents_check, ALTER COLUMN amount_cents TYPE amount,
    DROP CONSTRAINT payments_status_check, ALTER COLUMN status TYPE payment_status;
