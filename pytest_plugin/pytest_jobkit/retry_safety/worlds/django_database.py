"""`django_database`: a world's rows in Django's database, gone again with the world."""

from __future__ import annotations

import importlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pytest_jobkit.retry_safety.worlds.sqlite_saver import SqliteSaver


@contextmanager
def django_database(using: str = "default") -> Iterator[Any]:
    """Puts Django's database back at the end of a world; yields the connection::

        @world
        def shop():
            with django_database():
                Order.objects.create(id=1)
                yield Order

    In a `TestCase`, where a transaction is open, with a savepoint. In a `TransactionTestCase`, where jobs commit for
    real: a sqlite database gets its former content, any other is emptied as Django itself does after such a test.

    Args:
        using: the alias of the database.
    """
    connection: Any = importlib.import_module("django.db").connections[using]
    connection.ensure_connection()
    if connection.in_atomic_block:
        savepoint = connection.savepoint()
        try:
            yield connection
        finally:
            connection.savepoint_rollback(savepoint)
            connection.savepoint_commit(savepoint)
    elif isinstance(connection.connection, sqlite3.Connection):
        saver = SqliteSaver(connection.connection)
        before = saver.save()
        try:
            yield connection
        finally:
            saver.restore(before)
    else:
        try:
            yield connection
        finally:
            call_command = importlib.import_module("django.core.management").call_command
            call_command("flush", database=using, verbosity=0, interactive=False, inhibit_post_migrate=True)
