"""A message to a user, on the queue that the user is worth."""

from __future__ import annotations

from jobs.application_job import ApplicationJob
from jobs.concerns.idempotent import claim
from shop import current_shop
from shop.mail import send_mail


def is_premium(user_id: int) -> bool:
    """Whether a user pays for being served first."""
    user = current_shop().one("select premium from users where id = ?", user_id)
    return user is not None and bool(user["premium"])


class Notification(ApplicationJob):
    """Send `message` to a user."""

    queue = lambda job: "high_priority" if is_premium(job.arguments[0]) else "default"  # noqa: E731

    def perform(self, user_id: int, message: str) -> None:
        shop = current_shop()
        user = shop.one("select email from users where id = ?", user_id)
        if user is None:
            return
        with shop.db as db:
            fresh = claim(db, f"notification-{self.job_id}")
        if not fresh:
            return
        send_mail(user["email"], "News for you", message)
