"""A mailing to everybody, in batches of 100, which goes on where it was interrupted."""

from __future__ import annotations

from jobkit import perform_all_later, step
from jobkit.continuation import Step
from jobs.application_job import ApplicationJob
from jobs.notifications.notification import Notification
from shop import current_shop

SLICE = 100


class BulkEmail(ApplicationJob):
    """Enqueue a `Notification` for each user; the cursor is the last user's id."""

    queue = "low"

    def perform(self, mailing_id: int) -> None:
        mailing = current_shop().one("select * from mailings where id = ?", mailing_id)
        if mailing is not None:
            step("enqueue", lambda it: self.enqueue_slices(it, mailing_id, mailing["subject"]), start=0)

    def enqueue_slices(self, it: Step, mailing_id: int, subject: str) -> None:
        """Enqueue slice after slice; after each one the job may be interrupted."""
        shop = current_shop()
        while users := shop.rows("select id from users where id > ? order by id limit ?", it.cursor, SLICE):
            perform_all_later([Notification.build(user["id"], subject) for user in users])
            with shop.db as db:
                db.execute("update mailings set progress = ? where id = ?", (users[-1]["id"], mailing_id))
            it.set(users[-1]["id"])
