"""How long a retry waits: ActiveJob's formulas, as functions from a count to seconds.

The count is that of the retry_on declaration that handles the error, 1 at its first failure (spec: C.2, C.3).
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from jobkit.errors import ConfigError

Wait = int | float | timedelta | str | Callable[..., Any]


def polynomially_longer(executions: int) -> float:
    """Base seconds of ActiveJob's ``:polynomially_longer``: 3, 18, 83, 258, 627, 1298, ... (n**4 + 2).

    Given to `retry_on`, jitter is added to the n**4 part alone, as ActiveJob does.
    """
    return float(executions**4 + 2)


#: The first name of `polynomially_longer`, which it had until Rails 7.1; it never was exponential.
exponentially_longer = polynomially_longer

_NAMED = {"polynomially_longer": polynomially_longer, "exponentially_longer": polynomially_longer}


class WaitRule:
    """A declared `wait` and `jitter`, checked once, when the job is declared.

    Args:
        wait: seconds, a timedelta, `polynomially_longer`, or a callable that takes the count, or the count and
            the error, and returns seconds (no jitter is added to what it returns).
        jitter: the share of the wait that is added at most, by chance; None and 0 mean none.

    Raises:
        ConfigError: `wait` or `jitter` is of another kind.
    """

    __slots__ = ("_takes_error", "jitter", "wait")

    def __init__(self, wait: Wait, jitter: float | None) -> None:
        if isinstance(wait, str):
            if wait not in _NAMED:
                raise ConfigError(f"retry_on(wait={wait!r}): no such formula; known is {sorted(_NAMED)[1]!r}")
            wait = _NAMED[wait]
        elif isinstance(wait, bool) or not (isinstance(wait, (int, float, timedelta)) or callable(wait)):
            raise ConfigError(
                f"retry_on(wait={wait!r}): give seconds, a timedelta, polynomially_longer, "
                "or a callable of (executions) or (executions, error)"
            )
        if jitter is not None and (isinstance(jitter, bool) or not isinstance(jitter, (int, float))):
            raise ConfigError(f"retry_on(jitter={jitter!r}): give a share of the wait such as 0.15, or None")
        self.wait = wait
        self.jitter = jitter or 0.0
        self._takes_error = callable(wait) and wait is not polynomially_longer and _takes_two(wait)

    def seconds(self, count: int, error: BaseException, source: random.Random) -> float | None:
        """The wait after the `count`-th failure; None if the callable said None (the old time is kept)."""
        wait: Any = self.wait
        if wait is polynomially_longer:
            base = float(count**4)
            return base + self._spread(base, source) + 2
        if callable(wait):
            said = wait(count, error) if self._takes_error else wait(count)
            return said.total_seconds() if isinstance(said, timedelta) else said
        base = wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
        return base + self._spread(base, source)

    def _spread(self, base: float, source: random.Random) -> float:
        return source.random() * base * self.jitter if self.jitter else 0.0


def _takes_two(function: Callable[..., Any]) -> bool:
    """Whether a wait callable also takes the error: two positional parameters, or any number of them."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return True
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(parameter.kind in positional for parameter in parameters) >= 2
