"""A claim in the database: the part of a job that must not be done twice."""

from __future__ import annotations

import sqlite3


def claim(db: sqlite3.Connection, key: str) -> bool:
    """Note `key` in the open transaction; False if it was noted before.

    The unique key of the table decides, so two workers at once cannot both be told yes. The claim becomes lasting with
    the commit of the work that it stands for, or not at all.
    """
    inserted = db.execute("insert into sent (key) values (?) on conflict do nothing", (key,))
    return inserted.rowcount == 1
