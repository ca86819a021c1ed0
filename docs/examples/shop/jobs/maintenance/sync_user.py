"""Bring a user's copy elsewhere up to date; of many requests one is enough."""

from __future__ import annotations

from jobkit import unique
from jobs.application_job import ApplicationJob
from shop import current_shop


@unique(lock="until_executing", key=lambda user_id: user_id, ttl=600)
class SyncUser(ApplicationJob):
    """Note when a user was brought up to date. Setting a value is the same however often it is done."""

    def perform(self, user_id: int) -> None:
        with current_shop().db as db:
            db.execute("update users set synced_at = datetime('now') where id = ?", (user_id,))
