"""Twin of jobs/notifications/notification.py: sends first, then does what may fail, and keeps no mark of it."""

from __future__ import annotations

from jobkit import Job, retry_on
from shop import current_shop
from shop.errors import ConnectTimeout
from shop.mail import send_mail


@retry_on(ConnectTimeout, attempts=5)
class NotifyUser(Job):
    """Every retry sends the mail again."""

    def perform(self, user_id: int, message: str) -> None:
        shop = current_shop()
        user = shop.one("select email from users where id = ?", user_id)
        send_mail(user["email"], "News for you", message)
        with shop.db as db:
            db.execute("update users set synced_at = datetime('now') where id = ?", (user_id,))
