CREATE TABLE points (
    customer_id text PRIMARY KEY,
    points      bigint NOT NULL
);
