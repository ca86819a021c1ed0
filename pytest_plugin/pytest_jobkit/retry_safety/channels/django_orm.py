"""Django's databases: statements, and the commit of the outermost ``atomic`` block of the job.

In a `TestCase` the job runs inside the test's own transaction. The job's outermost block is then a savepoint; its
release counts as the commit, a kill rolls back to it, and ``on_commit`` callbacks run where they would in production.
"""

from __future__ import annotations

import contextlib
import importlib
import sqlite3
import sys
from typing import Any, NamedTuple

from pytest_jobkit.retry_safety.channels.base import Channel, Patches, Saver
from pytest_jobkit.retry_safety.channels.reading.statements import perform_commit, perform_statement
from pytest_jobkit.retry_safety.effects.runtime import current, inside_effect, reporting
from pytest_jobkit.retry_safety.worlds.sqlite_saver import SqliteSaver
from pytest_jobkit.retry_safety.worlds.sqlite_transaction_saver import SqliteTransactionSaver


class _Before(NamedTuple):
    """How a connection stands when a delivery begins."""

    in_atomic_block: bool
    savepoint_ids: list[Any]
    atomic_blocks: list[Any]
    run_on_commit: list[Any]
    autocommit: bool


class DjangoOrmChannel(Channel):
    """Hooks ``CursorWrapper``, ``BaseDatabaseWrapper`` and ``Atomic``, below and above which nothing goes around."""

    library = "django.db"

    def __init__(self) -> None:
        self._before: dict[str, _Before] = {}
        self._outermost: dict[str, str] = {}  # in a test's transaction: the savepoint of the job's outermost block
        self._leaving_well = False

    @classmethod
    def wanted(cls) -> bool:
        settings = getattr(sys.modules.get("django.conf"), "settings", None)
        return super().wanted() and settings is not None and bool(settings.configured)

    def install(self, patches: Patches) -> None:
        # Django has no types.
        cursor_type: Any = importlib.import_module("django.db.backends.utils").CursorWrapper
        wrapper_type: Any = importlib.import_module("django.db.backends.base.base").BaseDatabaseWrapper
        error: Any = importlib.import_module("django.db.utils").OperationalError
        self._install_statements(patches, cursor_type, wrapper_type, error)
        self._install_blocks(patches, wrapper_type, error)

    def _install_statements(self, patches: Patches, cursor_type: Any, wrapper_type: Any, error: Any) -> None:
        execute, execute_many = cursor_type._execute, cursor_type._executemany
        commit, roll_back = wrapper_type._commit, wrapper_type._rollback

        def hooked(real: Any) -> Any:
            def reported(cursor: Any, sql: Any, parameters: Any, *more: Any) -> Any:
                runtime = reporting()
                if runtime is None:
                    return real(cursor, sql, parameters, *more)
                return perform_statement(
                    runtime, str(sql), parameters, error, lambda: self._in_transaction(cursor.db),
                    lambda: real(cursor, sql, parameters, *more),
                )  # fmt: skip

            return reported

        def reported_commit(connection: Any) -> None:
            runtime = reporting()
            if runtime is None or connection.connection is None:
                commit(connection)
            else:
                perform_commit(runtime, error, lambda: commit(connection))

        def reported_rollback(connection: Any) -> None:
            if current.runtime is None or not current.runtime.dead:  # the transaction of a dead worker is gone already
                roll_back(connection)

        patches.replace(cursor_type, "_execute", hooked(execute))
        patches.replace(cursor_type, "_executemany", hooked(execute_many))
        patches.replace(wrapper_type, "_commit", reported_commit)
        patches.replace(wrapper_type, "_rollback", reported_rollback)

    def _install_blocks(self, patches: Patches, wrapper_type: Any, error: Any) -> None:
        atomic: Any = importlib.import_module("django.db.transaction").Atomic
        leave, open_savepoint = atomic.__exit__, wrapper_type._savepoint
        release, on_commit = wrapper_type._savepoint_commit, wrapper_type.on_commit

        def reported_leave(block: Any, kind: Any, value: Any, traceback: Any) -> Any:
            runtime = current.runtime
            if runtime is None:
                return leave(block, kind, value, traceback)
            if runtime.dead:
                return None  # the kill has rolled back; a process that is gone leaves no block
            connection = _connections()[block.using or "default"]
            self._leaving_well = kind is None and not connection.needs_rollback
            try:
                left = leave(block, kind, value, traceback)
            finally:
                self._leaving_well = False
                if self._at_the_jobs_outside(connection):
                    self._outermost.pop(connection.alias, None)
                    connection.needs_rollback = False  # in production the transaction would be over now
            if self._at_the_jobs_outside(connection):
                self._run_callbacks(connection)
            return left

        def reported_savepoint(connection: Any, sid: str) -> None:
            open_savepoint(connection, sid)
            if current.runtime is not None and self._at_the_jobs_outside(connection):
                self._outermost.setdefault(connection.alias, sid)

        def reported_release(connection: Any, sid: str) -> None:
            runtime = reporting()
            leaving_well, self._leaving_well = self._leaving_well, False  # what follows a failed release rolls back
            if runtime is not None and leaving_well and self._at_the_jobs_outside(connection):
                perform_commit(runtime, error, lambda: release(connection, sid))
            else:
                release(connection, sid)

        def reported_on_commit(connection: Any, function: Any, robust: bool = False) -> None:
            on_commit(connection, function, robust)
            if current.runtime is not None and self._at_the_jobs_outside(connection):
                self._run_callbacks(connection)

        patches.replace(atomic, "__exit__", reported_leave)
        patches.replace(wrapper_type, "_savepoint", reported_savepoint)
        patches.replace(wrapper_type, "_savepoint_commit", reported_release)
        patches.replace(wrapper_type, "on_commit", reported_on_commit)

    def _at_the_jobs_outside(self, connection: Any) -> bool:
        """In a test's transaction, and in no block of the job."""
        before = self._before.get(connection.alias)
        return (
            before is not None and before.in_atomic_block and len(connection.savepoint_ids) == len(before.savepoint_ids)
        )

    def _in_transaction(self, connection: Any) -> bool:
        if self._at_the_jobs_outside(connection):
            return False
        return bool(connection.in_atomic_block) or not connection.autocommit

    def _run_callbacks(self, connection: Any) -> None:
        known = len(self._before[connection.alias].run_on_commit)
        callbacks, connection.run_on_commit = connection.run_on_commit[known:], connection.run_on_commit[:known]
        for _savepoints, function, robust in callbacks:
            with contextlib.suppress(Exception) if robust else contextlib.nullcontext():
                function()

    def drop(self) -> None:
        for connection in _connections().all(initialized_only=True):
            before = self._before.get(connection.alias)
            if before is None or connection.connection is None:
                continue
            outermost = self._outermost.pop(connection.alias, None)
            token = inside_effect.set(True)
            try:
                if not before.in_atomic_block:
                    connection.connection.rollback()
                elif outermost is not None:
                    raw = connection.connection.cursor()
                    raw.execute(f"ROLLBACK TO SAVEPOINT {connection.ops.quote_name(outermost)}")
                    raw.execute(f"RELEASE SAVEPOINT {connection.ops.quote_name(outermost)}")
                    raw.close()
                if connection.autocommit != before.autocommit:
                    connection._set_autocommit(before.autocommit)
                    connection.autocommit = before.autocommit
            finally:
                inside_effect.reset(token)
            connection.in_atomic_block = before.in_atomic_block
            connection.savepoint_ids = list(before.savepoint_ids)
            connection.atomic_blocks = list(before.atomic_blocks)
            connection.run_on_commit = list(before.run_on_commit)
            connection.run_commit_hooks_on_set_autocommit_on = False
            connection.needs_rollback = False

    def stores(self) -> list[Saver]:
        savers: list[Saver] = []
        for connection in _connections().all(initialized_only=True):
            self._before[connection.alias] = _Before(
                connection.in_atomic_block, list(connection.savepoint_ids), list(connection.atomic_blocks),
                list(connection.run_on_commit), connection.autocommit,
            )  # fmt: skip
            saver = _saver(connection)
            if saver is not None:
                savers.append(saver)
        return savers

    def servers(self) -> list[str]:
        return [
            f"Django's database {connection.alias!r} on a server ({connection.vendor})"
            for connection in _connections().all(initialized_only=True)
            if connection.vendor != "sqlite" and connection.connection is not None
        ]

    def saver(self, thing: object) -> Saver | None:
        kind: Any = importlib.import_module("django.db.backends.base.base").BaseDatabaseWrapper
        return _saver(thing) if isinstance(thing, kind) else None

    def forget_world(self) -> None:
        self._before.clear()
        self._outermost.clear()


def _saver(connection: Any) -> Saver | None:
    raw = connection.connection
    if not isinstance(raw, sqlite3.Connection):
        return None
    return SqliteTransactionSaver(raw) if connection.in_atomic_block else SqliteSaver(raw)


def _connections() -> Any:
    return importlib.import_module("django.db").connections
