"""The repaired twins of the jobs in sample_jobs, under the same names."""

from __future__ import annotations

from sample_jobs import done, guarded, pay
from sample_shop import Timeout, shop

charge_then_record = guarded


def flag_after_the_charge(order_id):
    if done(str(order_id)):
        return
    shop.gateway.post("/charges", {"order": order_id}, key=f"o{order_id}")
    shop.db.execute("insert into processed values (?)", (str(order_id),))
    shop.db.commit()


flag_before_the_charge = flag_after_the_charge


def random_key(order_id):
    shop.gateway.post("/charges", {"order": order_id}, key=f"o{order_id}")
    pay(order_id)


dated_key = random_key


def lock_released_in_finally(order_id):
    """The lock is a row of the transaction that does the work: it dies with the worker."""
    shop.db.execute("insert into locks values ('charge')")
    shop.gateway.post("/charges", {"order": order_id}, key=f"o{order_id}")
    shop.db.execute("update orders set status='paid' where id=?", (order_id,))
    shop.db.execute("delete from locks where name='charge'")
    shop.db.commit()


def swallowed_error(order_id):
    try:
        shop.gateway.post("/charges", {"order": order_id}, key=f"o{order_id}")
    except Timeout as error:
        raise RuntimeError("not charged yet") from error
    pay(order_id)


def fresh_key_in_a_loop(order_id):
    for attempt in range(3):
        try:
            shop.gateway.post("/charges", {"order": order_id}, key=f"o{order_id}")
            break
        except Timeout:
            if attempt == 2:
                raise
    pay(order_id)


def insert_that_blocks_the_retry(order_id):
    shop.db.execute("insert or ignore into payments values (?, 'pending')", (order_id,))
    shop.db.commit()
    shop.gateway.post("/charges", {"order": order_id}, key=f"o{order_id}")
    shop.db.execute("update payments set charge='paid' where order_id=?", (order_id,))
    shop.db.commit()


def counter(order_id):
    if shop.db.execute("insert or ignore into processed values (?)", (f"counted {order_id}",)).rowcount:
        shop.db.execute("update balance set value = value + 1 where id=1")
    shop.db.commit()


def unguarded_recovery(order_id):
    row = shop.db.execute("select charge from payments where order_id=?", (order_id,)).fetchone()
    if row is None:
        shop.db.execute("insert into payments values (?, 'started')", (order_id,))
        shop.db.commit()
    shop.gateway.post("/charges", {"order": order_id}, key=f"o{order_id}")
    shop.db.execute("update payments set charge='paid' where order_id=?", (order_id,))
    shop.db.commit()


def follow_up_after_commit(order_id):
    pay(order_id)
    shop.queue.enqueue("ship", order_id, key=f"ship {order_id}")


follow_up_behind_a_guard = follow_up_after_commit


def unhooked_client(order_id):
    shop.gateway.post("/charges", {"order": order_id}, key=f"o{order_id}")
    pay(order_id)
