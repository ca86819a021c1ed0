"""Whether a database transaction is open here, and work that waits for its commit (spec: B.3).

A `TransactionHook` tells for one kind of database. Django's is found by itself when Django is loaded; for SQLAlchemy
and others one is registered.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol


class TransactionHook(Protocol):
    """One kind of transaction."""

    def is_open(self) -> bool:
        """Whether a transaction is open on this thread."""
        ...

    def on_commit(self, work: Callable[[], None]) -> None:
        """Call `work` after the outermost open transaction has committed; never if it rolls back."""
        ...


_hooks: list[TransactionHook] = []


def register_transaction_hook(hook: TransactionHook) -> Callable[[], None]:
    """Let `enqueue_after_commit` wait for the transactions that `hook` knows; the returned function ends that."""
    _hooks.append(hook)
    return lambda: _hooks.remove(hook)


def is_open() -> bool:
    """Whether any known kind of transaction is open on this thread."""
    return _open_hook() is not None


def on_commit(work: Callable[[], None]) -> None:
    """Call `work` after the open transaction has committed; at once if none is open."""
    hook = _open_hook()
    if hook is None:
        work()
    else:
        hook.on_commit(work)


def _open_hook() -> TransactionHook | None:
    for hook in reversed(_hooks):
        if hook.is_open():
            return hook
    if _DJANGO.is_open():
        return _DJANGO
    return None


class _Django:
    def is_open(self) -> bool:
        return any(connection.in_atomic_block for connection in self._connections())

    def on_commit(self, work: Callable[[], None]) -> None:
        for connection in self._connections():
            if connection.in_atomic_block:
                sys.modules["django.db.transaction"].on_commit(work, using=connection.alias)
                return

    def _connections(self) -> list[Any]:
        """The connections in use: none where Django is only imported, by some other library, and not set up."""
        database, conf = sys.modules.get("django.db"), sys.modules.get("django.conf")
        if database is None or conf is None or not conf.settings.configured:
            return []
        return list(database.connections.all(initialized_only=True))


_DJANGO = _Django()


class SQLAlchemyHook:
    """Waits for the commit of the session that `session` returns (None where there is none at the moment)."""

    def __init__(self, session: Callable[[], Any]) -> None:
        self._session = session

    def is_open(self) -> bool:
        session = self._session()
        return session is not None and bool(session.in_transaction())

    def on_commit(self, work: Callable[[], None]) -> None:
        from sqlalchemy import event

        session = self._session()
        done = False

        def after_commit(_: Any) -> None:
            nonlocal done
            if not done:
                done = True
                work()

        def after_rollback(_: Any) -> None:
            nonlocal done
            done = True

        event.listen(session, "after_commit", after_commit, once=True)
        event.listen(session, "after_rollback", after_rollback, once=True)


class SimulatedTransaction:
    """A transaction without a database: work waits until `commit`, and `rollback` forgets it."""

    def __init__(self) -> None:
        self._open = False
        self._work: list[Callable[[], None]] = []

    def is_open(self) -> bool:
        return self._open

    def on_commit(self, work: Callable[[], None]) -> None:
        self._work.append(work)

    def begin(self) -> None:
        self._open = True

    def commit(self) -> None:
        """Close the transaction and do the waiting work, in its order."""
        waiting, self._work, self._open = self._work, [], False
        for work in waiting:
            work()

    def rollback(self) -> None:
        """Close the transaction and forget the waiting work."""
        self._work, self._open = [], False


@contextmanager
def simulated_transaction() -> Iterator[SimulatedTransaction]:
    """A transaction without a database, open within the block: committed at its end, rolled back by an error.

    ``with simulated_transaction() as t: ...; t.rollback()`` rolls back by hand.
    """
    transaction = SimulatedTransaction()
    forget = register_transaction_hook(transaction)
    transaction.begin()
    try:
        yield transaction
    except BaseException:
        transaction.rollback()
        raise
    else:
        transaction.commit()
    finally:
        forget()
