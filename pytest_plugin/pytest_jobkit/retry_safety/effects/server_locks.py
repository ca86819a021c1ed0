"""Real locks of a database server while deliveries run by turns: who would wait lets the other one go on.

The server is told to give up waiting at once (`lock_timeout`), each statement stands behind a savepoint, so that giving
up takes nothing back but the statement, and the statement is sent again when another delivery has moved. Whatever the
server locks is seen like this: rows, tables, unique keys that another transaction has inserted, advisory locks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from pytest_jobkit.retry_safety.effects.runtime import current

Answer = TypeVar("Answer")

#: what PostgreSQL calls "canceling statement due to lock timeout", and what NOWAIT raises
LOCK_NOT_AVAILABLE = "55P03"
_GIVE_UP_AFTER = "10ms"  # longer than the server takes to see that nobody holds the lock
_SAVEPOINT = "jobkit_before_statement"


def until_unlocked(
    execute: Callable[[str], object], act: Callable[..., Answer], *arguments: Any, in_transaction: bool
) -> Answer:
    """Run a statement on PostgreSQL; beside another delivery, wait for locks by letting that one go on.

    Args:
        execute: runs a statement of ours on the same connection, reporting nothing.
        act: runs the statement of the job.
        arguments: for `act`.
        in_transaction: whether the statement is part of a transaction, or is one by itself.

    Raises:
        Exception: what the driver raises. A lock that nobody will ever free is the driver's "lock not available".
    """
    runtime = current.runtime
    if runtime is None or runtime.at_once is None:
        return act(*arguments)
    while True:
        execute(f"set lock_timeout = '{_GIVE_UP_AFTER}'")
        if in_transaction:
            execute(f"savepoint {_SAVEPOINT}")
        try:
            answer = act(*arguments)
        except Exception as error:
            if getattr(error, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                raise
            if in_transaction:
                execute(f"rollback to savepoint {_SAVEPOINT}")
            if not runtime.at_once.wait(runtime.copy):
                raise
        else:
            if in_transaction:
                execute(f"release savepoint {_SAVEPOINT}")
            return answer
