"""What can go wrong in the shop."""

from __future__ import annotations


class OrderNotFound(Exception):
    """There is no such order (yet: it may not be committed)."""


class PaymentError(Exception):
    """The payment did not go through."""


class CardExpired(PaymentError):
    """The card cannot be charged, now or later."""


class ConnectTimeout(Exception):
    """A service did not answer in time."""


class RateLimited(Exception):
    """A service asked for a pause."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"retry after {retry_after:g} s")
        self.retry_after = retry_after
