"""SQLAlchemy: statements and commits of every engine and session, whatever driver lies below.

The hooks are the dialect's own calls of the driver, so that the injected errors come out wrapped as SQLAlchemy's, and
so that the commit can be broken before and after. Drivers with a channel of their own report nothing below it.
"""

from __future__ import annotations

import contextlib
import weakref
from typing import Any

from jobkit.envelope import WorkerLost
from pytest_jobkit.retry_safety.channels.base import Channel, Patches
from pytest_jobkit.retry_safety.channels.reading.statements import perform_commit, perform_statement
from pytest_jobkit.retry_safety.effects.runtime import current, inside_effect, reporting


class SqlalchemyChannel(Channel):
    """Hooks ``do_execute`` and its like, and ``do_commit``, of the default dialect, which all dialects inherit."""

    library = "sqlalchemy.engine.default"

    def __init__(self) -> None:
        self._connections: dict[int, weakref.ref[Any]] = {}
        self._servers: dict[str, None] = {}

    def install(self, patches: Patches) -> None:
        from sqlalchemy.engine import Connection
        from sqlalchemy.engine.default import DefaultDialect

        for name in ("do_execute", "do_executemany", "do_execute_no_params"):
            patches.replace(DefaultDialect, name, self._hooked(getattr(DefaultDialect, name)))
        commit: Any = DefaultDialect.do_commit

        def reported_commit(dialect: Any, dbapi_connection: Any) -> None:
            runtime = reporting()
            if runtime is None or not self._in_transaction(dialect, dbapi_connection):
                commit(dialect, dbapi_connection)
            else:
                error = dialect.loaded_dbapi.OperationalError
                perform_commit(runtime, error, lambda: commit(dialect, dbapi_connection))

        patches.replace(DefaultDialect, "do_commit", reported_commit)
        invalidate = Connection.invalidate

        def kept(connection: Connection, exception: BaseException | None = None) -> None:
            # A kill is no Exception, upon which SQLAlchemy would close a connection that may be the whole database.
            if not isinstance(exception, WorkerLost):
                invalidate(connection, exception)

        patches.replace(Connection, "invalidate", kept)

    def _hooked(self, real: Any) -> Any:
        def reported(dialect: Any, cursor: Any, sql: str, *more: Any, **options: Any) -> Any:
            runtime = reporting()
            if runtime is None:
                return real(dialect, cursor, sql, *more, **options)
            connection = cursor.connection
            self._note(connection)
            if dialect.name != "sqlite":
                self._servers[f"a database on a server ({dialect.name})"] = None
            parameters = more[0] if more and isinstance(more[0], dict | list | tuple) else None
            return perform_statement(
                runtime, sql, parameters, dialect.loaded_dbapi.OperationalError,
                lambda: self._in_transaction(dialect, connection),
                lambda: real(dialect, cursor, sql, *more, **options),
            )  # fmt: skip

        return reported

    def _note(self, connection: Any) -> None:
        with contextlib.suppress(TypeError):  # a driver's connection that nobody may refer to weakly
            self._connections[id(connection)] = weakref.ref(connection)

    @staticmethod
    def _in_transaction(dialect: Any, connection: Any) -> bool:
        inside = getattr(connection, "in_transaction", None)
        if isinstance(inside, bool):
            return inside
        try:
            return not dialect.detect_autocommit_setting(connection)
        except NotImplementedError:
            return True

    def servers(self) -> list[str]:
        return list(self._servers)

    def drop(self) -> None:
        for reference in list(self._connections.values()):
            connection = reference()
            if connection is None:
                continue
            token = inside_effect.set(True)
            runtime, current.runtime = current.runtime, None
            try:
                with contextlib.suppress(Exception):  # closed by the job
                    connection.rollback()
            finally:
                current.runtime = runtime
                inside_effect.reset(token)
        self._connections = {key: ref for key, ref in self._connections.items() if ref() is not None}
