"""`postgres_database`: a PostgreSQL database of its own for each world, copied from a template."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def postgres_database(dsn: str, template: str = "template0") -> Iterator[str]:
    """Copies a database for one world, and drops the copy at its end; yields the connection string of the copy::

        @world
        def shop():
            with postgres_database("host=localhost user=postgres", template="shop_test") as dsn:
                with psycopg.connect(dsn) as db:
                    yield db

    The template holds the schema and whatever rows every world begins with; nobody may be connected to it.

    Args:
        dsn: how to reach the server, as a user who may create databases.
        template: the database that is copied.

    Raises:
        psycopg.OperationalError: no server answers, or somebody is connected to the template.
    """
    import psycopg
    from psycopg import sql

    name = f"jobkit_{os.getpid()}_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(dsn, autocommit=True) as server:
        server.execute(
            sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template))
        )  # fmt: skip
    try:
        yield psycopg.conninfo.make_conninfo(dsn, dbname=name)
    finally:
        with psycopg.connect(dsn, autocommit=True) as server:
            server.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
