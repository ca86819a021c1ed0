"""psycopg 3, sync and async: statements, and the commits of connections, of ``with`` blocks and of ``transaction()``.

A kill rolls back on a connection that stays open, which is what PostgreSQL does when a connection vanishes.
"""

from __future__ import annotations

import contextlib
import weakref
from typing import Any

from pytest_jobkit.retry_safety.channels.base import Channel, Patches
from pytest_jobkit.retry_safety.channels.reading.statements import (
    commit_operation,
    perform_commit,
    perform_statement,
    statement_operation,
)
from pytest_jobkit.retry_safety.effects.record import State
from pytest_jobkit.retry_safety.effects.runtime import Runtime, current, inside_effect, reporting


class PsycopgChannel(Channel):
    """Hooks ``execute, executemany`` of cursors, ``commit`` of connections, and the end of transaction blocks."""

    library = "psycopg"

    def __init__(self) -> None:
        self._connections: weakref.WeakSet[Any] = weakref.WeakSet()
        self._opened: weakref.WeakSet[Any] = weakref.WeakSet()  # by the job, not by a pool
        self._is_used = False

    def install(self, patches: Patches) -> None:
        import psycopg

        for cursor in (psycopg.Cursor, psycopg.ServerCursor):
            for name in ("execute", "executemany"):
                if name in vars(cursor):
                    patches.replace(cursor, name, self._statement(getattr(cursor, name)))
        for name in ("execute", "executemany"):
            patches.replace(psycopg.AsyncCursor, name, self._statement_async(getattr(psycopg.AsyncCursor, name)))
        commit: Any = psycopg.Connection.commit
        leave: Any = psycopg.Transaction.__exit__
        commit_async: Any = psycopg.AsyncConnection.commit
        leave_async: Any = psycopg.AsyncTransaction.__aexit__

        def reported_commit(connection: Any) -> None:
            runtime = reporting()
            if runtime is None or not _in_transaction(connection):
                commit(connection)
            else:
                perform_commit(runtime, psycopg.OperationalError, lambda: commit(connection))

        def reported_leave(block: Any, kind: Any, value: Any, traceback: Any) -> Any:
            runtime = reporting()
            if runtime is None or kind is not None or not _commits(block):
                return leave(block, kind, value, traceback)
            perform_commit(runtime, psycopg.OperationalError, lambda: leave(block, kind, value, traceback))
            return None

        async def reported_commit_async(connection: Any) -> None:
            runtime = reporting()
            if runtime is None or not _in_transaction(connection):
                await commit_async(connection)
            else:
                await _perform_commit_async(runtime, psycopg.OperationalError, commit_async, connection)

        async def reported_leave_async(block: Any, kind: Any, value: Any, traceback: Any) -> Any:
            runtime = reporting()
            if runtime is None or kind is not None or not _commits(block):
                return await leave_async(block, kind, value, traceback)
            await _perform_commit_async(
                runtime, psycopg.OperationalError, leave_async, block, kind, value, traceback
            )  # fmt: skip
            return None

        base: Any = psycopg.Connection.__mro__[1]
        opened, deleted = base.__init__, base.__del__

        def noted(connection: Any, *arguments: Any, **options: Any) -> None:
            opened(connection, *arguments, **options)
            if current.runtime is not None:
                self._opened.add(connection)

        def deleted_quietly(connection: Any) -> None:
            if connection in self._opened:
                connection.pgconn.finish()  # an injected error may have kept the job from closing it
            else:
                deleted(connection)

        patches.replace(base, "__init__", noted)
        patches.replace(base, "__del__", deleted_quietly)
        patches.call_at_end(self._close_all)
        patches.replace(psycopg.Connection, "commit", reported_commit)
        patches.replace(psycopg.Transaction, "__exit__", reported_leave)
        patches.replace(psycopg.AsyncConnection, "commit", reported_commit_async)
        patches.replace(psycopg.AsyncTransaction, "__aexit__", reported_leave_async)

    def _statement(self, real: Any) -> Any:
        import psycopg

        def reported(cursor: Any, query: Any, params: Any = None, **options: Any) -> Any:
            runtime = reporting()
            if runtime is None:
                return real(cursor, query, params, **options)
            self._connections.add(cursor.connection)
            self._is_used = True
            return perform_statement(
                runtime, _text(query, cursor), params, psycopg.OperationalError,
                lambda: _in_transaction(cursor.connection), lambda: real(cursor, query, params, **options),
            )  # fmt: skip

        return reported

    def _statement_async(self, real: Any) -> Any:
        import psycopg

        async def reported(cursor: Any, query: Any, params: Any = None, **options: Any) -> Any:
            runtime = reporting()
            if runtime is None:
                return await real(cursor, query, params, **options)
            self._connections.add(cursor.connection)
            self._is_used = True
            statement, operation = statement_operation(_text(query, cursor), psycopg.OperationalError)
            if statement.is_control and not runtime.dead:
                return await real(cursor, query, params, **options)
            effect = runtime.announce(operation, "" if params is None else params, depth=2)
            if effect.state is State.WRONG:
                return runtime.wrong(effect)
            token = inside_effect.set(True)
            try:
                answer = await real(cursor, query, params, **options)
            except BaseException:
                effect.state = State.FAILED
                raise
            finally:
                inside_effect.reset(token)
            if not operation.reads:
                effect.durable = not _in_transaction(cursor.connection)
                if effect.durable:
                    runtime.committed()
            runtime.done(effect)
            return answer

        return reported

    def servers(self) -> list[str]:
        return ["a database on a PostgreSQL server"] if self._is_used else []

    def drop(self) -> None:
        for connection in list(self._connections):
            if not connection.closed and _in_transaction(connection):
                with contextlib.suppress(Exception):  # the connection broke: the server has rolled back
                    connection.pgconn.exec_(b"ROLLBACK")
        if current.runtime is not None:  # a kill: the process and its connections are gone
            self._close_all()

    def _close_all(self) -> None:
        for connection in list(self._opened):
            if getattr(connection, "_pool", None) is None:
                connection.pgconn.finish()


async def _perform_commit_async(runtime: Runtime, error: Any, act: Any, *arguments: Any) -> None:
    effect = runtime.announce(commit_operation(error), depth=3)
    if effect.state is State.WRONG:
        runtime.wrong(effect)
        return
    token = inside_effect.set(True)
    try:
        await act(*arguments)
    except BaseException:
        effect.state = State.FAILED
        raise
    finally:
        inside_effect.reset(token)
    runtime.committed()
    runtime.done(effect)


def _in_transaction(connection: Any) -> bool:
    from psycopg.pq import TransactionStatus

    return connection.pgconn.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR)


def _commits(block: Any) -> bool:
    """Whether the end of a ``transaction()`` block commits; an inner one, or one in a transaction, is a savepoint."""
    return not block.savepoint_name


def _text(query: Any, cursor: Any) -> str:
    if isinstance(query, bytes):
        return query.decode()
    return query if isinstance(query, str) else str(query.as_string(cursor.connection))
