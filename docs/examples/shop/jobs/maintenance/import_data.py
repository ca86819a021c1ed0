"""Import a product list; never the same file twice at a time."""

from __future__ import annotations

import csv
from pathlib import Path

from jobkit import unique
from jobs.application_job import ApplicationJob
from shop import current_shop


@unique(lock="until_and_while_executing", key=lambda path: path, ttl=3600, on_conflict="log")
class ImportData(ApplicationJob):
    """Read a CSV file of products into the table; a row that is there is replaced."""

    queue = "low"

    def perform(self, path: str) -> int:
        with Path(path).open(newline="") as file:
            products = [(row["sku"], row["name"]) for row in csv.DictReader(file)]
        with current_shop().db as db:
            db.executemany(
                "insert into products (sku, name) values (?, ?) on conflict (sku) do update set name = excluded.name",
                products,
            )
            db.execute("insert or replace into imports (path, rows) values (?, ?)", (path, len(products)))
        return len(products)
