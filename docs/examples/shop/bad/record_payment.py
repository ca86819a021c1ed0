"""Twin of jobs/payments/process_payment.py: inserts without asking whether the row is there."""

from __future__ import annotations

from jobkit import Job, retry_on
from shop import current_shop
from shop.errors import PaymentError


@retry_on(PaymentError, attempts=4)
class RecordPayment(Job):
    """Delivered twice, it writes two dead letters for one payment."""

    def perform(self, order_id: int) -> None:
        shop = current_shop()
        shop.db.execute("insert into carts (updated_at) values (datetime('now'))")
        shop.db.commit()
        shop.gateway.charge(order_id, 500)
