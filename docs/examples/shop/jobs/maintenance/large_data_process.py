"""Work through a large table in links of a chain, each a job of its own."""

from __future__ import annotations

from jobs.application_job import ApplicationJob
from shop import current_shop

LINK = 50


class LargeDataProcess(ApplicationJob):
    """Process the next products after `last_sku`, then enqueue the next link."""

    queue = "low"

    def perform(self, last_sku: str = "") -> None:
        shop = current_shop()
        products = shop.rows("select sku from products where sku > ? order by sku limit ?", last_sku, LINK)
        if not products:
            return
        with shop.db as db:
            db.executemany("update products set processed = 1 where sku = :sku", products)
        LargeDataProcess.perform_later(products[-1]["sku"])
