-- What orderload has sent (standard input: command id, due time) and how it ended: orders/s, p50 and p99 in ms until the order's state is
-- final, and p50 until the edge's read model says so. Time begins when an order was due at the client and not when the edge has read it,
-- and ends in the statement that writes that state, both as at the peer, which keeps no read model.
create temp table sent (id uuid, at double precision);
\copy sent from pstdin (delimiter ' ')
create temp view ended as
select to_timestamp(at) as due, orders.updated_at as final, finished_at as shown
from sent join edge.commands using (id) join orders.orders on order_id = subject::uuid;
select round(count(*) / extract(epoch from max(final) - min(due)), 1),
       round(1000 * percentile_cont(0.5) within group (order by extract(epoch from final - due))::numeric, 1),
       round(1000 * percentile_cont(0.99) within group (order by extract(epoch from final - due))::numeric, 1),
       round(1000 * percentile_cont(0.5) within group (order by extract(epoch from shown - due))::numeric, 1)
from ended;
