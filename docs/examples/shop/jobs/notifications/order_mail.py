"""The confirmation of an order."""

from __future__ import annotations

from jobkit import job
from jobs.application_job import ApplicationJob
from jobs.concerns.idempotent import claim
from shop import current_shop
from shop.mail import send_mail


@job(queue="mailers", base=ApplicationJob)
def send_order_mail(order_id: int) -> None:
    """Mail the confirmation of an order, at most once: the claim is committed before the mail goes out.

    A crash between the two loses the mail. For a confirmation that is the lesser evil, and it is written down here.
    """
    shop = current_shop()
    order = shop.one("select email from orders join users on users.id = user_id where orders.id = ?", order_id)
    if order is None:
        return
    with shop.db as db:
        fresh = claim(db, f"order-mail-{order_id}")
    if not fresh:
        return
    send_mail(order["email"], f"Your order {order_id}", "It is on its way.")
