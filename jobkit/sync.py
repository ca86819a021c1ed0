"""Running the one, async, implementation of a mechanism for jobs that never wait.

The executor and the callbacks are written once, as coroutines. A sync job's coroutine never suspends, so it can be
run to its end by sending into it, without an event loop and at the price of a function call.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def drive(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never suspends.

    Raises:
        RuntimeError: it did suspend, so it needs an event loop.
    """
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # StopIteration.value is untyped
    coroutine.close()
    raise RuntimeError("a job that is not async waited for something async; declare it 'async def'")
