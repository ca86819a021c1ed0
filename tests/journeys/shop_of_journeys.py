"""The shop of the journeys: orders are processed, a mail follows, cards expire and networks fail."""

from datetime import UTC, datetime
from typing import ClassVar

from jobkit import discard_on, job, polynomially_longer, retry_on

ORDERS: dict[int, str] = {}


class ConnectTimeout(Exception):
    """The gateway did not answer."""


class CardExpired(Exception):
    """The card cannot be charged any more."""


class Gateway:
    """Takes payments; `failing` has the errors of the next calls."""

    failing: ClassVar[list[Exception]] = []

    def charge(self, order_id: int) -> None:
        if self.failing:
            raise self.failing.pop(0)


GATEWAY = Gateway()


@job(queue="mailers")
def send_mail(order_id: int, subject: str) -> str:
    return f"{subject}: order {order_id}, {datetime.now(UTC):%Y-%m-%d}"


@job(queue="orders")
@retry_on(ConnectTimeout, wait=polynomially_longer, attempts=5)
@discard_on(CardExpired)
def process_order(order_id: int) -> None:
    GATEWAY.charge(order_id)
    ORDERS[order_id] = "processed"
    send_mail.set(wait=60).perform_later(order_id, "Confirmation")


@job
async def tell_warehouse(order_id: int) -> int:
    return order_id


def checkout(order_id: int) -> None:
    process_order.perform_later(order_id)
