"""Saving and putting back sqlite databases, in memory and in files, under a connection that others go on holding."""

from __future__ import annotations

import sqlite3
from collections.abc import Hashable
from typing import Any

from pytest_jobkit.retry_safety.worlds.tables import Stable, Table, Tables

_HEADER_VERSIONS = slice(18, 20)  # bytes of the file header: 2 2 for write-ahead logging, which memory cannot have


class _Content:
    """The content of a database; its rows are read when somebody asks."""

    __slots__ = ("data", "key", "tables")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.key: Hashable = None
        self.tables: Tables | None = None


_CONTENTS_KEPT = 1000
_CLOSED = _Content(b"")


def is_closed(connection: sqlite3.Connection) -> bool:
    """Whether a connection was closed; sqlite3 itself tells only by raising."""
    closed = getattr(connection, "closed", None)
    if isinstance(closed, bool):
        return closed
    try:
        return connection.total_changes < 0
    except sqlite3.ProgrammingError:
        return True


class SqliteSaver:
    """Saves the main database of one connection.

    A content that has not been written to since it was saved or put back is known without looking: most deliveries
    that die before their first commit leave it untouched.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.thing = self._connection = connection
        self._present: _Content | None = None
        self._contents: dict[bytes, _Content] = {}
        self._writes = -1
        self._in_memory = (
            not is_closed(connection) and not (_raw(connection).execute("pragma database_list").fetchone()[2])
        )

    def save(self) -> _Content:
        if is_closed(self._connection):
            return _CLOSED
        content = self._known()
        if content is None:
            # The same bytes are the same content: most faults leave a database that another one has left before.
            data = self._connection.serialize()
            content = self._present = self._contents.setdefault(data, _Content(data))
            if len(self._contents) > _CONTENTS_KEPT:
                self._contents.clear()
            self._writes = getattr(self._connection, "writes", -1)
        return content

    def restore(self, saved: _Content) -> None:
        if saved is _CLOSED or is_closed(self._connection):
            return
        if self._connection.in_transaction:
            sqlite3.Connection.rollback(self._connection)
        if self._known() is saved:
            return
        finish_reading = getattr(self._connection, "finish_reading", None)
        if self._in_memory and finish_reading is not None:
            finish_reading()
            sqlite3.Connection.deserialize(self._connection, saved.data)
        else:
            self._copy_into(saved.data)
        self._present = saved
        self._writes = getattr(self._connection, "writes", -1)

    def is_unchanged(self, saved: _Content) -> bool:
        """Whether the database surely still is what was saved."""
        return self._known() is saved

    def key(self) -> Hashable:
        content = self.save()
        if content.key is None:
            content.key = Stable(tuple(self._tables(content).items()))
        return content.key

    def tables(self) -> Tables:
        return {name: table for name, table in self._tables(self.save()).items() if not name.startswith("sqlite_")}

    def _tables(self, content: _Content) -> Tables:
        if content is _CLOSED:
            return {}
        if content.tables is None:
            cursor = _raw(self._connection)
            content.tables = {}
            for name in _table_names(cursor):
                rows = tuple(cursor.execute(f'select * from "{name}"').fetchall())
                content.tables[name] = Table(tuple([column[0] for column in cursor.description]), rows)
        return content.tables

    def _known(self) -> _Content | None:
        unchanged = self._writes >= 0 and self._writes == getattr(self._connection, "writes", -1)
        return self._present if unchanged else None

    def _copy_into(self, data: bytes) -> None:
        """Page by page: slower than replacing the database, but it keeps a file, and refuses where a cursor reads."""
        source = sqlite3.Connection(":memory:")
        source.deserialize(without_write_ahead_log(data))
        source.backup(self._connection)
        source.close()


class DatabaseFileSaver:
    """Saves a database file that the job opens by its path, over a connection of its own."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._connection = sqlite3.Connection(file, uri=file.startswith("file:"))
        self._saver = SqliteSaver(self._connection)

    def save(self) -> Any:
        return self._saver.save()

    def restore(self, saved: Any) -> None:
        self._saver.restore(saved)

    def key(self) -> Hashable:
        return self._saver.key()

    def tables(self) -> Tables:
        return self._saver.tables()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def _raw(connection: sqlite3.Connection) -> sqlite3.Cursor:
    """A cursor that reports nothing and returns plain tuples."""
    cursor = sqlite3.Connection.cursor(connection, sqlite3.Cursor)
    cursor.row_factory = None
    return cursor


def _table_names(cursor: sqlite3.Cursor) -> list[str]:
    found = cursor.execute("select name from sqlite_master where type = 'table' and rootpage > 0 order by name")
    return [name for (name,) in found.fetchall()]


def without_write_ahead_log(data: bytes) -> bytes:
    """The same database with a rollback journal, which is what memory can have."""
    changed = bytearray(data)
    changed[_HEADER_VERSIONS] = b"\x01\x01"
    return bytes(changed)
