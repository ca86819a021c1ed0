"""Charge a payment, once: its status is the guard, its id the key."""

from __future__ import annotations

from jobkit import Job, after_discard, discard_on, retry_on
from jobs.application_job import ApplicationJob
from shop import current_shop
from shop.errors import CardExpired, PaymentError


def mark_failed(job: Job, error: BaseException) -> None:
    """after_discard: the payment shows that nobody will try it again."""
    with current_shop().db as db:
        db.execute("update payments set status = 'failed' where id = ?", (job.arguments[0],))


@retry_on(PaymentError, wait=30, attempts=4)
@discard_on(CardExpired)
@after_discard(mark_failed)
class ProcessPayment(ApplicationJob):
    """Charge the payment's order and note the charge."""

    queue = "payments"

    def perform(self, payment_id: int) -> None:
        shop = current_shop()
        payment = shop.one(
            "select payments.*, cents from payments join orders on orders.id = order_id where payments.id = ?",
            payment_id,
        )
        if payment is None or payment["status"] == "paid":
            return
        charge = shop.gateway.charge(payment["order_id"], payment["cents"], idempotency_key=f"payment-{payment_id}")
        with shop.db as db:
            db.execute("update payments set status = 'paid', charge_id = ? where id = ?", (charge.id, payment_id))
