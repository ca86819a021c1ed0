"""Twin of jobs/orders/process_order.py: charges without a key, and takes the order itself for an argument."""

from __future__ import annotations

import sqlite3

from jobkit import job, retry_on
from shop import current_shop
from shop.errors import ConnectTimeout


@job
@retry_on(ConnectTimeout, attempts=5)
def charge_order(order_id: int) -> None:
    """Killed between the charge and the commit, it charges again."""
    shop = current_shop()
    order = shop.one("select * from orders where id = ?", order_id)
    shop.gateway.charge(order_id, order["cents"])
    with shop.db as db:
        db.execute("update orders set status = 'processed' where id = ?", (order_id,))


def checkout(db: sqlite3.Connection, order_id: int) -> None:
    """Enqueues before the order is committed: the worker may look for it too early."""
    db.execute("begin")
    db.execute("insert into orders (id, user_id, cents) values (?, 1, 500)", (order_id,))
    charge_order.perform_later(order_id)
    db.commit()
