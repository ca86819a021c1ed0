"""Yesterday's turnover, once a day."""

from __future__ import annotations

from jobs.application_job import ApplicationJob
from shop import current_shop


class DailyReport(ApplicationJob):
    """Write the report of a day; a day that has one is left alone, so a second run of the schedule does no harm."""

    queue = "low"

    def perform(self) -> None:
        shop = current_shop()
        day = self.enqueued_at.date().isoformat()
        total = shop.one("select count(*) as orders, coalesce(sum(cents), 0) as cents from orders")
        assert total is not None
        with shop.db as db:
            db.execute(
                "insert into reports (day, orders, cents) values (?, ?, ?) on conflict (day) do nothing",
                (day, total["orders"], total["cents"]),
            )
