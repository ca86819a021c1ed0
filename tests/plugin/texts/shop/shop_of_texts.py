"""The jobs of the failure texts."""

from __future__ import annotations

from typing import Any

from jobkit import Job, discard_on, job, retry_on, step, unique
from jobkit.continuation import Step


class CardExpired(Exception):
    """The card cannot be charged any more."""


@job(queue="orders")
def ship(order_id: int, gift: bool = False) -> None:
    """Sends an order out."""


@job(queue="mailers", priority=5)
def send_mail(order_id: int, to: str = "ann@example.org") -> None:
    """Sends a mail."""


@job
def report(options: dict[str, Any]) -> None:
    """Makes a report."""


@job(queue="payments")
@discard_on(CardExpired)
@retry_on(ConnectionError, wait=30, attempts=2)
def charge(order_id: int) -> None:
    """Charges a card; order 1 has an expired one, 2 has no network, 3 is a bug."""
    if order_id == 1:
        raise CardExpired("card 4242 expired in 2024")
    if order_id == 2:
        raise ConnectionError("gateway.example.org: no route to host")
    if order_id == 3:
        raise KeyError("currency")


@job
def poll(order_id: int) -> None:
    """Looks again and again."""
    look_again.perform_later(order_id)


@job
def look_again(order_id: int) -> None:
    """Looks again and again."""
    poll.perform_later(order_id)


@job
def pack(order_id: int) -> None:
    """Enqueues the next step."""
    ship.perform_later(order_id)


@unique(lock="until_executed", key=lambda user_id: user_id)
@job
def sync_user(user_id: int) -> None:
    """Brings a user up to date, one at a time."""


class Import(Job):
    """Imports rows."""

    def perform(self) -> None:
        def rows(step: Step) -> None:
            step.set(1)

        step("rows", rows, start=0)
