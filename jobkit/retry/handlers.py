"""retry_on, discard_on and rescue_from as values, and which of them takes an error.

All three stand in one list in the order in which they were declared, base classes first. The list is searched from
its end, then again for each cause of the error (spec: C.4).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

from jobkit.errors import ConfigError
from jobkit.retry.waits import Wait, WaitRule

ErrorType = type[BaseException] | str
Handler = Callable[..., Any] | str


class ErrorHandler:
    """A declaration for some error types, given as classes or, to be looked up late, by their names.

    Raises:
        ConfigError: no error type was given, or one is neither an exception class nor a name.
    """

    word = "rescue_from"

    def __init__(self, errors: Sequence[ErrorType], handler: Handler | None) -> None:
        if not errors:
            raise ConfigError(f"{self.word}(): name at least one error class")
        for error in errors:
            if not (isinstance(error, str) or (isinstance(error, type) and issubclass(error, BaseException))):
                raise ConfigError(f"{self.word}({error!r}): an exception class, or its name, is wanted")
        self.errors = tuple(errors)
        self.handler = handler
        self.module = ""

    @property
    def key(self) -> str:
        """The printed form of the error list, under which a retry_on keeps its counter (spec: C.2)."""
        names = (error if isinstance(error, str) else error.__qualname__ for error in self.errors)
        return f"[{', '.join(names)}]"

    def takes(self, error: BaseException) -> bool:
        """Whether `error` is an instance of one of the declared types."""
        return any(isinstance(error, self._resolve(declared)) for declared in self.errors)

    def _resolve(self, declared: ErrorType) -> type[BaseException]:
        if not isinstance(declared, str):
            return declared
        module, _, name = declared.rpartition(".")
        scopes = [module] if module else [self.module, "builtins"]
        for scope in scopes:
            found = getattr(importlib.import_module(scope), name, None) if scope else None
            if isinstance(found, type) and issubclass(found, BaseException):
                return found
        raise ConfigError(f"{self.word}({declared!r}): no exception class of that name in {' or '.join(scopes)}")

    def __repr__(self) -> str:
        return f"{self.word}({self.key[1:-1]})"


class RescueFrom(ErrorHandler):
    """``rescue_from``: whatever the handler does; after_discard does not run."""

    def __init__(self, errors: Sequence[ErrorType], handler: Handler) -> None:
        super().__init__(errors, handler)


class DiscardOn(ErrorHandler):
    """``discard_on``: the job is given up at the first such error."""

    word = "discard_on"

    def __init__(self, errors: Sequence[ErrorType], handler: Handler | None, report: bool) -> None:
        super().__init__(errors, handler)
        self.report = report


class RetryOn(ErrorHandler):
    """``retry_on``: the job is enqueued again until `attempts` executions have failed in this declaration."""

    word = "retry_on"

    def __init__(
        self,
        errors: Sequence[ErrorType],
        wait: Wait,
        attempts: int | str | None,
        queue: str | None,
        priority: int | None,
        jitter: float | None,
        handler: Handler | None,
        report: bool,
    ) -> None:
        super().__init__(errors, handler)
        if attempts == "unlimited":
            attempts = None
        if attempts is not None and (isinstance(attempts, (bool, str)) or attempts < 1):
            raise ConfigError(f"retry_on(attempts={attempts!r}): give a number from 1, or None for no limit")
        self.wait = WaitRule(wait, jitter)
        self.attempts = attempts
        self.queue = queue
        self.priority = priority
        self.report = report

    def exhausted(self, count: int) -> bool:
        """Whether the `count`-th failure in this declaration is the last."""
        return self.attempts is not None and count >= self.attempts


def find_handler(handlers: Sequence[ErrorHandler], error: BaseException) -> tuple[ErrorHandler, BaseException] | None:
    """The declaration that takes `error`, with the error it takes: `error` itself or one of its causes.

    Specificity plays no role: a broad handler declared below a narrow one hides the narrow one.
    """
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        for handler in reversed(handlers):
            if handler.takes(current):
                return handler, current
        seen.add(id(current))
        current = current.__cause__
    return None
