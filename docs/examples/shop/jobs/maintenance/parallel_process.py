"""Work through a large table in slices of 100 that run side by side, and note when all are done."""

from __future__ import annotations

from jobkit import Batch, limits_concurrency
from jobs.application_job import ApplicationJob
from shop import current_shop

SLICE = 100


@limits_concurrency(to=2, key=lambda skus: "products", duration=300)
class ProcessSlice(ApplicationJob):
    """Process the products with these keys."""

    queue = "low"

    def perform(self, skus: list[str]) -> None:
        with current_shop().db as db:
            db.executemany("update products set processed = 1 where sku = ?", [(sku,) for sku in skus])


class SlicesDone(ApplicationJob):
    """The batch's on_success."""

    queue = "low"

    def perform(self, status: dict[str, object]) -> None:
        current_shop().metrics.increment("products.processed")


class ParallelProcess(ApplicationJob):
    """Enqueue a `ProcessSlice` for each hundred products, as one batch."""

    queue = "low"

    def perform(self) -> None:
        skus = [str(row["sku"]) for row in current_shop().rows("select sku from products order by sku")]
        with Batch(on_success=SlicesDone, description="products"):
            for start in range(0, len(skus), SLICE):
                ProcessSlice.perform_later(skus[start : start + SLICE])
