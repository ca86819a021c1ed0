"""The shop that jobs work on: its database and the services that it calls."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

from shop.database import connect
from shop.gateway import Gateway
from shop.mail import Outbox
from shop.metrics import Metrics


@dataclass
class Shop:
    """Everything that outlives a job."""

    db: sqlite3.Connection = field(default_factory=connect)
    gateway: Gateway = field(default_factory=Gateway)
    outbox: Outbox = field(default_factory=Outbox)
    metrics: Metrics = field(default_factory=Metrics)

    def one(self, query: str, *values: object) -> sqlite3.Row | None:
        """The first row of a query."""
        row: sqlite3.Row | None = self.db.execute(query, values).fetchone()
        return row

    def rows(self, query: str, *values: object) -> list[dict[str, object]]:
        """All rows of a query, as mappings."""
        return [dict(row) for row in self.db.execute(query, values)]


_open: list[Shop] = []


def open_shop(shop: Shop | None = None) -> Shop:
    """Make `shop` (a new one if none is given) the shop that jobs of this process work on."""
    _open[:] = [shop or Shop()]
    return _open[0]


def current_shop() -> Shop:
    """The shop that is open."""
    if not _open:
        raise RuntimeError("no shop is open; call open_shop() first")
    return _open[0]
