"""Jobs for deliveries at once: what goes wrong (or does not) when two workers have the same message."""

from __future__ import annotations

from sample_shop import shop


def read_flag_add_store_flag(order_id):
    if shop.db.execute("select 1 from processed where id=?", (f"p{order_id}",)).fetchone():
        return
    shop.db.execute("update balance set value=value+1 where id=1")
    shop.db.execute("insert or ignore into processed values (?)", (f"p{order_id}",))
    shop.db.commit()


def claim_first(order_id):
    if shop.db.execute("insert or ignore into processed values (?)", (f"p{order_id}",)).rowcount == 0:
        shop.db.rollback()
        return
    shop.db.execute("update balance set value=value+1 where id=1")
    shop.db.commit()


def select_for_update(order_id):
    (status,) = shop.db.execute("select status from orders where id=? for update", (order_id,)).fetchone()
    if status == "paid":
        shop.db.commit()
        return
    shop.db.execute("update balance set value=value+1 where id=1")
    shop.db.execute("update orders set status='paid' where id=?", (order_id,))
    shop.db.commit()


def select_without_lock(order_id):
    """The same where `for_update` was forgotten, or silently dropped."""
    (status,) = shop.db.execute("select status from orders where id=?", (order_id,)).fetchone()
    if status == "paid":
        shop.db.commit()
        return
    shop.db.execute("update balance set value=value+1 where id=1")
    shop.db.execute("update orders set status='paid' where id=?", (order_id,))
    shop.db.commit()


def keyed_charge_mail_without_key(order_id):
    (status,) = shop.db.execute("select status from orders where id=?", (order_id,)).fetchone()
    if status != "paid":
        shop.gateway.post("/charges", {"order": order_id}, key=f"o{order_id}")
        shop.db.execute("update orders set status='paid' where id=?", (order_id,))
        shop.db.commit()
        shop.mail.send("buyer", "receipt")


def keyed_calls(number):
    for item in range(number):
        shop.gateway.post(f"/item{item}", {"item": item}, key=f"k{item}")


def add_points(points):
    """Reads, adds in Python, writes: what another delivery adds in between is lost."""
    (value,) = shop.db.execute("select value from balance where id=1").fetchone()
    shop.db.execute("update balance set value=? where id=1", (value + points,))
    shop.db.commit()


def add_points_in_place(points):
    shop.db.execute("update balance set value=value+? where id=1", (points,))
    shop.db.commit()


def lock_both(first, second):
    for order_id in (first, second):
        shop.db.execute("select status from orders where id=? for update", (order_id,)).fetchone()
    shop.db.execute("update orders set status='paid' where id=?", (first,))
    shop.db.commit()
