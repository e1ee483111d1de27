-- What orderload has sent (standard input: command id, due time) and how it ended: orders/s, p50 and p99 in ms, from when an order was due at
-- the client, as at the peer, and not from when the edge has read it.
create temp table sent (id uuid, at double precision);
\copy sent from pstdin (delimiter ' ')
select round(count(*) / extract(epoch from max(finished_at) - to_timestamp(min(at))), 1),
       round(1000 * percentile_cont(0.5) within group (order by extract(epoch from finished_at - to_timestamp(at)))::numeric, 1),
       round(1000 * percentile_cont(0.99) within group (order by extract(epoch from finished_at - to_timestamp(at)))::numeric, 1)
from edge.commands join sent using (id);
