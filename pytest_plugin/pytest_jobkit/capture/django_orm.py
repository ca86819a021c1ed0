"""Django's transactions around an enqueue: jobs sent before the commit that they need, and jobs that wait for one.

In production the worker is another connection: a job that is enqueued inside ``atomic`` with the key of a row that the
block has just created may run before that row can be seen. A test does not notice, for its worker shares the
connection. So each such enqueue is marked, and warned about as `EnqueuedBeforeCommit`.

A Django `TestCase` never commits, so ``transaction.on_commit`` hooks, and with them ``delay_on_commit``, do nothing in
it: `run_commit_hooks` and `commit_hooks` run them, as ``captureOnCommitCallbacks(execute=True)`` does.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

from jobkit.envelope import Envelope

TRANSACTION = "transaction"
"""Header: the alias of the database whose transaction was open when the message was enqueued."""
BEFORE_COMMIT = "enqueued_before_commit"
"""Header: the rows, as text, that the message names and that were not committed yet."""


class EnqueuedBeforeCommit(UserWarning):
    """A job was enqueued with the key of a row that its transaction has not committed."""


class _Created(NamedTuple):
    block: object  # the outermost atomic block of the user's
    label: str
    key: Any


class UncommittedRows:
    """Remembers the rows that open transactions have created, from `watch` on."""

    def __init__(self) -> None:
        self._rows: dict[str, list[_Created]] = {}
        self._signal: Any = None

    def watch(self) -> None:
        """Listen to Django's models, if Django's models are imported."""
        if self._signal is None and "django.db.models" in sys.modules:
            self._signal = sys.modules["django.db.models"].signals.post_save
            self._signal.connect(self._saved)

    def unwatch(self) -> None:
        """Stop listening."""
        if self._signal is not None:
            self._signal.disconnect(self._saved)
            self._signal = None
        self._rows.clear()

    def _saved(self, instance: Any, created: bool, using: str, **_: Any) -> None:
        block = _outermost_block(_connection(using)) if created else None
        if block is not None:
            self._rows.setdefault(using, []).append(_Created(block, instance._meta.label, instance.pk))

    def named_by(self, envelope: Envelope, alias: str, block: object) -> list[str]:
        """The rows created in `block` whose key is an argument of the message, as ``app.Model key``."""
        rows = self._rows.get(alias)
        if not rows:
            return []
        rows = self._rows[alias] = [row for row in rows if row.block is block]
        call = envelope.call
        keys = {str(value) for value in (*call.arguments, *call.kwarguments.values())}
        return [f"{row.label} {row.key}" for row in rows if str(row.key) in keys]


_django_logger = logging.getLogger("django.db.backends.base")
uncommitted_rows = UncommittedRows()


def note_transaction(envelope: Envelope, headers: dict[str, Any], place: Any) -> None:
    """Mark a message that is enqueued while a transaction is open, and warn if it names a row that it created.

    Args:
        headers: the message's; gets `TRANSACTION` and `BEFORE_COMMIT`.
        place: the user's code that enqueued it, a `frames.Frame`, or None if that is not known.
    """
    for connection in _connections(None):
        block = _outermost_block(connection)
        if block is None:
            continue
        headers[TRANSACTION] = connection.alias
        rows = uncommitted_rows.named_by(envelope, connection.alias, block)
        if rows:
            headers[BEFORE_COMMIT] = ", ".join(rows)
            _warn(envelope, headers[BEFORE_COMMIT], place)
        return


def run_commit_hooks(using: str | None = None) -> int:
    """Run what waits for the commit of the open transactions, as the commit would; returns how many hooks ran.

    Args:
        using: the alias of one database; None runs those of every database in use.
    """
    ran = 0
    for connection in _connections(using):
        while connection.run_on_commit:
            _, hook, robust = connection.run_on_commit.pop(0)
            _run(hook, robust)
            ran += 1
    return ran


@contextmanager
def commit_hooks(using: str | None = None) -> Iterator[None]:
    """At the end of the block, run what it has left to wait for a commit; hooks from before it stay."""
    before = {connection.alias: list(connection.run_on_commit) for connection in _connections(using)}
    for connection in _connections(using):
        connection.run_on_commit = []
    try:
        yield
        run_commit_hooks(using)
    finally:
        for connection in _connections(using):
            connection.run_on_commit = before.get(connection.alias, []) + connection.run_on_commit


def waiting_on_commit() -> list[str]:
    """What waits for a commit that a `TestCase` never makes, as text: ``shop.charge.delay(42)``."""
    return [_describe(hook) for connection in _connections(None) for _, hook, _ in connection.run_on_commit]


def _connection(alias: str) -> Any:
    return sys.modules["django.db"].connections[alias]


def _connections(using: str | None) -> list[Any]:
    if using is not None:
        return [_connection(using)]
    database, conf = sys.modules.get("django.db"), sys.modules.get("django.conf")
    if database is None or conf is None or not conf.settings.configured:
        # Some libraries import Django where nobody has set it up.
        return []
    return list(database.connections.all(initialized_only=True))


def _outermost_block(connection: Any) -> object | None:
    """The first open ``atomic`` of the code under test; those that a `TestCase` is wrapped in do not count."""
    blocks = getattr(connection, "atomic_blocks", ())
    return next((block for block in blocks if not block._from_testcase), None)


def _warn(envelope: Envelope, rows: str, place: Any) -> None:
    text = (
        f"enqueued before commit: {envelope.name} names {rows}, created in a transaction that is still open, so its "
        "worker may look for a row that is not there yet; enqueue with delay_on_commit() or transaction.on_commit()"
    )
    path, line = (place.path, place.line) if place else (__file__, 1)
    warnings.warn_explicit(text, EnqueuedBeforeCommit, path, line)


def _run(hook: Callable[[], Any], robust: bool) -> None:
    """As Django's commit: an error of a robust hook is logged, any other is raised."""
    if not robust:
        hook()
        return
    try:
        hook()
    except Exception:
        _django_logger.exception("Error calling %s in on_commit()", _describe(hook))


def _describe(hook: Callable[..., Any]) -> str:
    if not isinstance(hook, partial):
        return getattr(hook, "__qualname__", repr(hook))
    shown = [repr(value) for value in hook.args] + [f"{key}={value!r}" for key, value in hook.keywords.items()]
    owner = getattr(hook.func, "__self__", None)
    name = getattr(owner, "name", None)
    called = getattr(hook.func, "__name__", repr(hook.func))
    return f"{f'{name}.' if name else ''}{called}({', '.join(shown)})"
