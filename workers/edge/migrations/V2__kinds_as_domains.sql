-- A CHECK of a table is read and compiled anew by every statement that writes a row, a domain's once by each session.
CREATE DOMAIN command_status AS text CHECK (VALUE IN ('accepted', 'succeeded', 'failed'));
CREATE DOMAIN order_status AS text CHECK (VALUE IN ('created', 'confirmed', 'rejected'));
CREATE DOMAIN payment_status AS text CHECK (VALUE IN ('authorized', 'declined', 'voided'));

ALTER TABLE commands DROP CONSTRAINT commands_status_check, ALTER COLUMN status TYPE command_status;
ALTER TABLE orders DROP CONSTRAINT orders_status_check, ALTER COLUMN status TYPE order_status;
ALTER TABLE payments DROP CONSTRAINT payments_status_check, ALTER COLUMN status TYPE payment_status;
