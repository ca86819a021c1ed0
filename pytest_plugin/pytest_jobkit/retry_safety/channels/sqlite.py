"""sqlite3: every statement and every commit, also those of ``with connection:``.

Connections that are opened during a check, by the world or by the job, are of a subclass. The C implementation of
``__exit__`` does not call an overridden ``commit``, so that is overridden as well.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sqlite3
import weakref
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from pytest_jobkit.retry_safety.channels.base import Channel, Patches, Saver
from pytest_jobkit.retry_safety.effects.record import NOTHING, Effect, Operation, State
from pytest_jobkit.retry_safety.effects.runtime import Runtime, current, reporting, until_free
from pytest_jobkit.retry_safety.effects.sql_text import RowLock, Statement, read_statement, without_row_lock
from pytest_jobkit.retry_safety.worlds.sqlite_copies import SqliteCopies
from pytest_jobkit.retry_safety.worlds.sqlite_saver import DatabaseFileSaver, SqliteSaver

if TYPE_CHECKING:
    from typing_extensions import Buffer  # collections.abc.Buffer, from Python 3.12 on

_COMMIT = Operation("db", "commit", external=False, resource="commit", refuse=sqlite3.OperationalError)
_SCRIPT = Operation("db", "script", external=False, refuse=sqlite3.OperationalError)


@lru_cache(maxsize=4096)
def _operation(sql: str) -> tuple[Statement, Operation]:
    statement = read_statement(sql)
    if statement.commits:
        return statement, _COMMIT
    return statement, Operation(
        "db", statement.name, statement.mode, external=False, resource=statement.table, refuse=sqlite3.OperationalError
    )


def _is_busy(error: BaseException) -> bool:
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)


class ReportedCursor(sqlite3.Cursor):
    """A cursor whose statements are effects."""

    connection: ReportedConnection
    _read: Effect | None = None

    def execute(self, sql: str, parameters: Any = (), /) -> ReportedCursor:
        return self._perform(super().execute, sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> ReportedCursor:
        return self._perform(super().executemany, sql, list(parameters))

    def executescript(self, sql_script: str, /) -> ReportedCursor:
        self.connection.writes += 1
        runtime = reporting()
        if runtime is None:
            super().executescript(sql_script)
        else:
            runtime.perform(_SCRIPT, super().executescript, sql_script, detail=sql_script)
        return self

    def _perform(self, act: Callable[[str, Any], Any], sql: str, parameters: Any) -> ReportedCursor:
        connection = self.connection
        if connection.own is not connection:
            raise RuntimeError(
                "a cursor that was made before the deliveries began cannot serve several of them at once: make the "
                "cursor in the job"
            )
        runtime = reporting()
        if runtime is None:
            connection.writes += 1
            until_free(_is_busy, act, sql, parameters)
            if self.description is not None:
                connection.reading.append(weakref.ref(self))
            return self
        statement, operation = _operation(sql)
        if statement.is_control and not runtime.dead:
            until_free(_is_busy, act, sql, parameters)
            if statement.verb == "rollback":
                runtime.free_rows()
            return self
        effect = runtime.announce(operation, parameters, depth=4)
        if effect.state is State.WRONG:
            runtime.wrong(effect)
            return self
        try:
            if statement.locks is not None:
                sql = self._lock_row(runtime, statement, sql, parameters)
            until_free(_is_busy, act, sql, parameters)
        except BaseException:
            effect.state = State.FAILED
            raise
        if statement.returns_rows:
            connection.reading.append(weakref.ref(self))
        if operation.reads:
            self._read = effect
        elif statement.locks is not None:
            self._read, effect.durable = effect, False
            if connection.isolation_level is None and not connection.in_transaction:
                runtime.free_rows()  # the statement was the whole transaction
        else:
            effect.durable = not connection.in_transaction
            if effect.durable:
                connection.writes += 1
                runtime.committed()
        runtime.done(effect)
        return self

    def _lock_row(self, runtime: Runtime, statement: Statement, sql: str, parameters: Any) -> str:
        """sqlite has no row locks: take the model's, and return the statement that sqlite understands."""
        plain = without_row_lock(sql)
        held = runtime.hold_row(
            (statement.table, repr(parameters) if parameters else plain), wait=statement.locks is RowLock.WAIT
        )
        if held:
            return plain
        if statement.locks is RowLock.SKIP:
            return f"select * from ({plain}) where 0"
        raise sqlite3.OperationalError(f"could not obtain lock on row in {statement.table!r}")

    def fetchone(self) -> Any:
        row = super().fetchone()
        if self._read is not None:
            self._read.answer = NOTHING if row is None else row
            self._read = None
        return row

    def fetchall(self) -> list[Any]:
        rows = super().fetchall()
        if self._read is not None:
            self._read.answer = tuple(rows) or NOTHING
            self._read = None
        return rows


class ReportedConnection(sqlite3.Connection):
    """A connection whose commits are effects.

    Attributes:
        writes: changes whenever the committed content may have changed.
        closed: whether `close` was called.
        reading: cursors that may be in the middle of their rows.
        copies: while several deliveries run at once, the connections that they have in place of this one.
        copy: the delivery that has opened it, of several at once.
    """

    writes = 0
    closed = False
    copies: SqliteCopies | None = None
    copy: int | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.reading: list[weakref.ref[sqlite3.Cursor]] = []

    def finish_reading(self) -> None:
        """End every cursor's statement. Replacing the database under a statement that runs crashes the process."""
        for reference in self.reading:
            cursor = reference()
            if cursor is not None:
                with contextlib.suppress(sqlite3.ProgrammingError):  # closed by the job
                    sqlite3.Cursor.execute(cursor, "select 1 where 0")
        self.reading.clear()

    @property
    def own(self) -> ReportedConnection:
        """The connection that the present delivery has: itself, unless several run at once."""
        copies, runtime = self.copies, current.runtime
        return self if copies is None or runtime is None else copies.connections[runtime.copy]

    @property
    def in_transaction(self) -> bool:
        own = self.own
        if own is not self:
            return own.in_transaction
        return super().in_transaction

    @property
    def total_changes(self) -> int:
        own = self.own
        return super().total_changes if own is self else own.total_changes

    def rollback(self) -> None:
        own = self.own
        if own is not self:
            own.rollback()
            return
        super().rollback()
        if current.runtime is not None:
            current.runtime.free_rows()

    def cursor(self, factory: type[sqlite3.Cursor] | None = None, /) -> Any:  # type: ignore[override]  # None is ours
        own = self.own
        if own is not self:
            own.row_factory = self.row_factory
            return own.cursor(factory)
        return super().cursor(ReportedCursor if factory is None else _reported_cursor(factory))

    def execute(self, sql: str, parameters: Any = (), /) -> Any:
        return self.cursor().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Any:
        return self.cursor().executemany(sql, parameters)

    def executescript(self, sql_script: str, /) -> Any:
        return self.cursor().executescript(sql_script)

    def commit(self) -> None:
        own = self.own
        if own is not self:
            own.commit()
            return
        runtime = reporting()
        if not self.in_transaction and not (runtime is not None and runtime.holds_rows):
            return
        if runtime is None:
            self.writes += 1
            until_free(_is_busy, super().commit)
            if current.runtime is not None:
                current.runtime.free_rows()
        else:
            self._commit(runtime, super().commit)

    def _commit(self, runtime: Runtime, act: Callable[[], None]) -> None:
        effect = runtime.announce(_COMMIT, depth=4)
        if effect.state is State.WRONG:
            runtime.wrong(effect)
            return
        try:
            until_free(_is_busy, act)
        except BaseException:
            effect.state = State.FAILED
            raise
        self.writes += 1
        runtime.committed()
        runtime.done(effect)

    def close(self) -> None:
        self.closed = True
        super().close()

    def deserialize(self, data: Buffer, /, *, name: str = "main") -> None:
        self.writes += 1
        super().deserialize(data, name=name)

    def __exit__(self, kind: object, error: object, traceback: object, /) -> Literal[False]:
        if kind is None:
            self.commit()
        else:
            self.rollback()
        return False


@lru_cache
def _reported_cursor(kind: type[sqlite3.Cursor]) -> type[sqlite3.Cursor]:
    return kind if issubclass(kind, ReportedCursor) else type(kind.__name__, (ReportedCursor, kind), {})


@lru_cache
def _reported_connection(kind: type[sqlite3.Connection]) -> type[sqlite3.Connection]:
    return kind if issubclass(kind, ReportedConnection) else type(kind.__name__, (ReportedConnection, kind), {})


class SqliteChannel(Channel):
    """Hooks ``sqlite3.connect``; knows in-memory and file databases and how to put them back."""

    library = "sqlite3"

    def __init__(self) -> None:
        self._connections: list[weakref.ref[ReportedConnection]] = []
        self._of_the_world: list[tuple[str, weakref.ref[ReportedConnection]]] = []
        self._opened_by_the_job: dict[str, None] = {}
        self._file_savers: list[DatabaseFileSaver] = []
        self._world_is_being_made = True
        self._connect: Callable[..., Any] = sqlite3.connect

    def install(self, patches: Patches) -> None:
        connect = sqlite3.connect

        def reported(database: Any, *arguments: Any, **options: Any) -> sqlite3.Connection:
            if len(arguments) > 4:  # the fifth positional argument after the database is the factory
                arguments = (*arguments[:4], _reported_connection(arguments[4]), *arguments[5:])
            else:
                options["factory"] = _reported_connection(options.get("factory", sqlite3.Connection))
            at_once = None if current.runtime is None else current.runtime.at_once
            if at_once is not None and not arguments:
                options["timeout"] = 0  # to be busy is a state of the other delivery, and nothing to wait for
            connection = connect(database, *arguments, **options)
            assert isinstance(connection, ReportedConnection)
            if at_once is not None and current.runtime is not None:
                connection.copy = current.runtime.copy
            self._connections = [known for known in self._connections if known() is not None]
            self._connections.append(weakref.ref(connection))
            file = os.fspath(database)
            if self._world_is_being_made:
                self._of_the_world.append((file, weakref.ref(connection)))
            elif current.runtime is not None and file not in ("", ":memory:"):
                self._opened_by_the_job[file] = None
            return connection

        self._connect = connect
        patches.replace(sqlite3, "connect", reported)
        patches.replace(sqlite3.dbapi2, "connect", reported)

    def drop(self) -> None:
        for reference in self._connections:
            connection = reference()
            if connection is not None and not connection.closed:
                connection.finish_reading()
                if connection.in_transaction:
                    sqlite3.Connection.rollback(connection)

    def learned(self) -> dict[str, None]:
        return self._opened_by_the_job

    def learn(self, learned: dict[str, None]) -> None:
        self._opened_by_the_job.update(learned)

    def begin_copies(self, number: int) -> None:
        for connection in self._alive():
            factory = functools.partial(self._connect, factory=type(connection))
            connection.copies = SqliteCopies(connection, number, factory)

    def drop_copy(self, copy: int) -> None:
        for connection in self._alive():
            own = connection.copies.connections[copy] if connection.copies is not None else connection
            if connection.copies is not None or connection.copy == copy:
                own.finish_reading()
                if sqlite3.Connection.in_transaction.__get__(own):
                    sqlite3.Connection.rollback(own)

    def end_copies(self) -> None:
        for connection in self._alive():
            if connection.copies is not None:
                copies, connection.copies = connection.copies, None
                copies.close()
                connection.writes += 1

    def _alive(self) -> list[ReportedConnection]:
        connections = [reference() for reference in self._connections]
        return [connection for connection in connections if connection is not None and not connection.closed]

    def saver(self, thing: object) -> Saver | None:
        return SqliteSaver(thing) if isinstance(thing, sqlite3.Connection) else None

    def stores(self) -> list[Saver]:
        self._world_is_being_made = False
        self._file_savers = [DatabaseFileSaver(file) for file in self._files_of_the_job()]
        return [*(SqliteSaver(connection) for _file, connection in self._held_by_the_world()), *self._file_savers]

    def has_found_stores(self) -> bool:
        return len(self._files_of_the_job()) > len(self._file_savers)

    def _held_by_the_world(self) -> list[tuple[str, ReportedConnection]]:
        held = [(file, reference()) for file, reference in self._of_the_world]
        return [(file, connection) for file, connection in held if connection is not None and not connection.closed]

    def _files_of_the_job(self) -> list[str]:
        held = {file for file, _connection in self._held_by_the_world()}
        return [file for file in self._opened_by_the_job if file not in held]

    def forget_world(self) -> None:
        self._world_is_being_made = True
        self._of_the_world.clear()
        for saver in self._file_savers:
            saver.close()
        self._file_savers = []
