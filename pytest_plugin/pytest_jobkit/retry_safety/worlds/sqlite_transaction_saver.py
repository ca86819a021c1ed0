"""Saving and putting back a sqlite database inside of a transaction that somebody else has opened and will end."""

from __future__ import annotations

import sqlite3
from collections.abc import Hashable

from pytest_jobkit.retry_safety.worlds.sqlite_saver import without_write_ahead_log
from pytest_jobkit.retry_safety.worlds.tables import Stable, Table, Tables


class SqliteTransactionSaver:
    """Saves all rows as the connection sees them, and puts back those tables that differ, row by row.

    The schema is taken to stay: a job that changes it needs a database of its own.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.thing = self._connection = connection

    def save(self) -> dict[str, Table]:
        copy = sqlite3.Connection(":memory:")  # without the connection's converters and row factory
        try:
            copy.deserialize(without_write_ahead_log(self._connection.serialize()))
            names = copy.execute("select name from sqlite_master where type = 'table' and rootpage > 0 order by name")
            tables = {}
            for (name,) in names.fetchall():
                rows = copy.execute(f'select * from "{name}"')
                tables[name] = Table(tuple([column[0] for column in rows.description]), tuple(rows.fetchall()))
        finally:
            copy.close()
        return tables

    def restore(self, saved: dict[str, Table]) -> None:
        cursor = sqlite3.Connection.cursor(self._connection, sqlite3.Cursor)
        present = self.save()
        for name, table in saved.items():
            if name in present and present[name] != table:
                cursor.execute(f'delete from "{name}"')
                places = ", ".join("?" * len(table.columns))
                cursor.executemany(f'insert into "{name}" values ({places})', table.rows)

    def key(self) -> Hashable:
        return Stable(tuple(self.save().items()))

    def tables(self) -> Tables:
        return {name: table for name, table in self.save().items() if not name.startswith("sqlite_")}
