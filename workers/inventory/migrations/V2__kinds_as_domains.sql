-- A CHECK of a table is read and compiled anew by every statement that writes a row, a domain's once by each session.
CREATE DOMAIN amount AS bigint CHECK (VALUE >= 0);
CREATE DOMAIN reservation_status AS text CHECK (VALUE IN ('active', 'rejected', 'released'));

ALTER TABLE products
    DROP CONSTRAINT products_price_cents_check, ALTER COLUMN price_cents TYPE amount,
    DROP CONSTRAINT products_available_check, ALTER COLUMN available TYPE amount;
ALTER TABLE reservations DROP CONSTRAINT reservations_status_check, ALTER COLUMN status TYPE reservation_status;
