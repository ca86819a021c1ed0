"""Take an order in, and have its confirmation mailed later."""

from __future__ import annotations

from jobkit import Job, discard_on, job, polynomially_longer, retry_on
from jobs.application_job import ApplicationJob
from jobs.notifications.order_mail import send_order_mail
from shop import current_shop
from shop.errors import CardExpired, ConnectTimeout, OrderNotFound, RateLimited


def note_expired_card(job: Job, error: BaseException) -> None:
    """The handler of discard_on: tell the customer instead of trying again."""
    order_id = job.arguments[0]
    with current_shop().db as db:
        db.execute("update orders set status = 'card_expired' where id = ?", (order_id,))


@job(queue="default", priority=10, base=ApplicationJob)
@retry_on(OrderNotFound, wait=5, attempts=3)  # the transaction that enqueued it may not be committed yet
@retry_on(ConnectTimeout, wait=polynomially_longer, attempts=5)
@retry_on(RateLimited, wait=lambda executions, error: error.retry_after, attempts=10)
@discard_on(CardExpired, handler=note_expired_card)
def process_order(order_id: int) -> str:
    """Charge an order and mark it as processed; the gateway and the status make a second run harmless."""
    shop = current_shop()
    order = shop.one("select * from orders where id = ?", order_id)
    if order is None:
        raise OrderNotFound(order_id)
    if order["status"] == "processed":
        return "processed before"
    shop.gateway.charge(order_id, order["cents"], idempotency_key=f"order-{order_id}")
    with shop.db as db:
        db.execute("update orders set status = 'processed' where id = ?", (order_id,))
    send_order_mail.set(wait=60, queue="mailers").perform_later(order_id)
    return "processed"
