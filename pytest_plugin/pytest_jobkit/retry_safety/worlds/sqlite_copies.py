"""One sqlite connection of a world, as each of several workers at once has it.

A database in memory cannot be shared by connections that see only what the others have committed, so for the time of
the run it is a file with a write-ahead log, as close to a database server as sqlite comes.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytest_jobkit.retry_safety.worlds.sqlite_saver import without_write_ahead_log

Connect = Callable[..., Any]


class SqliteCopies:
    """Connections of the workers to the database of one connection.

    Args:
        connection: the one that the world holds; nobody uses it while the copies live.
        number: how many workers.
        connect: opens a connection that reports.

    Attributes:
        connections: one for each worker.
    """

    def __init__(self, connection: sqlite3.Connection, number: int, connect: Connect) -> None:
        self._connection = connection
        raw = sqlite3.Connection.cursor(connection, sqlite3.Cursor)
        raw.row_factory = None
        self._file: str = next(file for _number, name, file in raw.execute("pragma database_list") if name == "main")
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        (foreign_keys,) = raw.execute("pragma foreign_keys").fetchone()
        if not Path(self._file).is_absolute():  # in memory; one that was put back calls itself "x"
            self._directory = tempfile.TemporaryDirectory(dir=_memory_backed())
            file = Path(self._directory.name) / "world.db"
            file.write_bytes(sqlite3.Connection.serialize(connection))
            self._file = str(file)
        self.connections = [
            connect(self._file, timeout=0, isolation_level=connection.isolation_level, check_same_thread=False)
            for _ in range(number)
        ]
        for copy in self.connections:
            copy.text_factory = connection.text_factory
            cursor = sqlite3.Connection.cursor(copy, sqlite3.Cursor)
            if foreign_keys:
                cursor.execute("pragma foreign_keys = on")
            if self._directory is not None:
                cursor.execute("pragma journal_mode = wal")
                cursor.execute("pragma synchronous = off")

    def close(self) -> None:
        """Close the workers' connections and put what they have committed where the world looks."""
        for copy in self.connections:
            sqlite3.Connection.close(copy)
        if self._directory is None:
            return
        source = sqlite3.Connection(self._file)
        try:
            data = source.serialize()
        finally:
            source.close()
            self._directory.cleanup()
        finish_reading = getattr(self._connection, "finish_reading", None)
        if finish_reading is not None:
            finish_reading()
        sqlite3.Connection.deserialize(self._connection, without_write_ahead_log(data))


def _memory_backed() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() and os.access("/dev/shm", os.W_OK) else None
