"""Fifteen small jobs, each with one thing wrong with its retries (one with nothing), and their repaired twins."""

from __future__ import annotations

import contextlib
import uuid

from sample_shop import Timeout, shop


def done(mark: str) -> bool:
    return shop.db.execute("select 1 from processed where id=?", (mark,)).fetchone() is not None


def pay(order_id: int) -> None:
    shop.db.execute("update orders set status='paid' where id=?", (order_id,))
    shop.db.commit()


def charge_then_record(order_id):
    (amount,) = shop.db.execute("select amount from orders where id=?", (order_id,)).fetchone()
    shop.gateway.post("/charges", {"order": order_id, "amount": amount})
    shop.db.execute("insert or replace into payments values (?, 'paid')", (order_id,))
    shop.db.execute("update orders set status='paid' where id=?", (order_id,))
    shop.db.commit()
    shop.mail.send("buyer", "receipt")


def guarded(order_id):
    amount, status = shop.db.execute("select amount, status from orders where id=?", (order_id,)).fetchone()
    if status != "paid":
        shop.gateway.post("/charges", {"order": order_id, "amount": amount}, key=f"order-{order_id}")
        shop.db.execute("insert or replace into payments values (?, 'paid')", (order_id,))
        shop.db.execute("update orders set status='paid' where id=?", (order_id,))
        shop.db.execute("insert or ignore into outbox(id, kind, body) values (?, 'mail', 'receipt')", (f"m{order_id}",))
        shop.db.commit()
    for message_id, body in shop.db.execute("select id, body from outbox where sent=0").fetchall():
        shop.mail.send("buyer", body, message_id=message_id)
        shop.db.execute("update outbox set sent=1 where id=?", (message_id,))
        shop.db.commit()


def flag_after_the_charge(order_id):
    if shop.db.execute("select 1 from processed where id=?", (str(order_id),)).fetchone():
        return
    shop.gateway.post("/charges", {"order": order_id})
    shop.db.execute("insert into processed values (?)", (str(order_id),))
    shop.db.commit()


def flag_before_the_charge(order_id):
    if shop.db.execute("select 1 from processed where id=?", (str(order_id),)).fetchone():
        return
    shop.db.execute("insert into processed values (?)", (str(order_id),))
    shop.db.commit()
    shop.gateway.post("/charges", {"order": order_id}, key=f"o{order_id}")


def random_key(order_id):
    shop.gateway.post("/charges", {"order": order_id}, key=str(uuid.uuid4()))
    pay(order_id)


def dated_key(order_id):
    shop.gateway.post("/charges", {"order": order_id}, key=f"{order_id}-{shop.clock.now().date()}")
    pay(order_id)


def lock_released_in_finally(order_id):
    if shop.db.execute("select 1 from locks where name='charge'").fetchone():
        return
    shop.db.execute("insert into locks values ('charge')")
    shop.db.commit()
    try:
        shop.gateway.post("/charges", {"order": order_id}, key=f"o{order_id}")
        shop.db.execute("update orders set status='paid' where id=?", (order_id,))
        shop.db.commit()
    finally:
        shop.db.execute("delete from locks where name='charge'")
        shop.db.commit()


def swallowed_error(order_id):
    with contextlib.suppress(Exception):
        shop.gateway.post("/charges", {"order": order_id}, key=f"o{order_id}")
    pay(order_id)


def fresh_key_in_a_loop(order_id):
    for attempt in range(3):
        try:
            shop.gateway.post("/charges", {"order": order_id}, key=f"o{order_id}-{attempt}")
            break
        except Timeout:
            continue
    pay(order_id)


def insert_that_blocks_the_retry(order_id):
    shop.db.execute("insert into payments values (?, 'pending')", (order_id,))
    shop.db.commit()
    shop.gateway.post("/charges", {"order": order_id}, key=f"o{order_id}")
    shop.db.execute("update payments set charge='paid' where order_id=?", (order_id,))
    shop.db.commit()


def counter(order_id):
    shop.db.execute("update balance set value = value + 1 where id=1")
    shop.db.commit()


def unguarded_recovery(order_id):
    row = shop.db.execute("select charge from payments where order_id=?", (order_id,)).fetchone()
    if row is None:
        shop.db.execute("insert into payments values (?, 'started')", (order_id,))
        shop.db.commit()
        shop.gateway.post("/charges", {"order": order_id}, key=f"o{order_id}")
    elif row[0] == "started":
        shop.gateway.post("/charges", {"order": order_id}, key=f"o{order_id}")
        shop.db.execute("update balance set value = value + 0 where id=1")
        shop.db.commit()
        if shop.db.execute("select 1 from processed where id='rec'").fetchone():
            shop.mail.send("ops", "recovered twice")
        shop.db.execute("insert or ignore into processed values ('rec')")
        shop.db.commit()
        shop.db.execute("delete from processed where id='rec'")
        shop.db.commit()
    shop.db.execute("update payments set charge='paid' where order_id=?", (order_id,))
    shop.db.commit()


def follow_up_after_commit(order_id):
    pay(order_id)
    shop.queue.enqueue("ship", order_id)


def follow_up_behind_a_guard(order_id):
    (status,) = shop.db.execute("select status from orders where id=?", (order_id,)).fetchone()
    if status == "paid":
        return
    pay(order_id)
    shop.queue.enqueue("ship", order_id)


def unhooked_client(order_id):
    shop.unhooked.append(f"charge {order_id}")
    total = sum(range(3))
    shop.db.execute("update orders set status='paid' where id=?", (order_id,))
    shop.db.commit()
    return total


def batch(size, *, keyed=True):
    for item in range(size):
        if shop.db.execute("select 1 from processed where id=?", (f"i{item}",)).fetchone():
            continue
        shop.gateway.post("/item", {"i": item}, key=f"i{item}" if keyed else None)
        shop.db.execute("insert into processed values (?)", (f"i{item}",))
        shop.db.commit()
