"""A job whose final failure is noted and raises an alarm."""

from __future__ import annotations

from jobkit import Job, after_discard, retry_on
from jobs.application_job import ApplicationJob
from shop import current_shop
from shop.mail import send_mail


def record_failure(job: Job, error: BaseException) -> None:
    """after_discard: one dead letter a job, whatever is delivered twice."""
    with current_shop().db as db:
        db.execute(
            "insert into dead_letters (job_id, job, error) values (?, ?, ?) on conflict do nothing",
            (job.job_id, repr(job), repr(error)),
        )


def alert(job: Job, error: BaseException) -> None:
    """after_discard: tell somebody who can do something."""
    send_mail("oncall@shop.example", f"{job} has finally failed", repr(error))


@retry_on(Exception, wait=10, attempts=5)
@after_discard(record_failure)
@after_discard(alert)
class Reliable(ApplicationJob):
    """Charge an order that must not get lost."""

    queue = "payments"

    def perform(self, order_id: int) -> None:
        shop = current_shop()
        order = shop.one("select cents from orders where id = ?", order_id)
        assert order is not None, f"order {order_id} is gone"
        shop.gateway.charge(order_id, order["cents"], idempotency_key=f"reliable-{order_id}")
