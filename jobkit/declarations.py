"""The decorators that a job is declared with; each works on a Job class, on a function, above or below `@job`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol, TypeVar, overload

from jobkit.callbacks import AFTER, AROUND, BEFORE, Callback
from jobkit.definition import Declared, declare
from jobkit.retry.handlers import DiscardOn, ErrorType, Handler, RescueFrom, RetryOn

T = TypeVar("T")


def retry_on(
    *errors: ErrorType,
    wait: float | timedelta | str | Callable[..., Any] = 3,
    attempts: int | str | None = 5,
    queue: str | None = None,
    priority: int | None = None,
    jitter: float | None = 0.15,
    handler: Handler | None = None,
    report: bool = False,
) -> Callable[[T], T]:
    """Enqueue the job again when one of `errors` (or an error caused by one) leaves it, as ActiveJob's ``retry_on``.

    Args:
        errors: exception classes, or their names, looked up when needed. They share one counter.
        wait: seconds, a timedelta, `polynomially_longer`, or a callable of (executions) or (executions, error)
            that returns seconds; executions counts the failures of this declaration, from 1.
        attempts: executions that may fail, the first one included; None or "unlimited" never gives up.
        queue, priority: for the retries, instead of the job's own.
        jitter: the share of the wait that is added at most, by the engine's seeded chance; None and 0 mean none.
        handler: called with (job, error) when attempts are used up, and the job is discarded. Without one the error
            is raised to whoever runs the job.
        report: hand each handled error to the engine's error reporter.

    Raises:
        ConfigError: an argument is of a wrong kind.
    """
    rule = RetryOn(errors, wait, attempts, queue, priority, jitter, handler, report)
    return lambda target: declare(target, "retry_on", Declared(handlers=[rule]))


def discard_on(*errors: ErrorType, handler: Handler | None = None, report: bool = False) -> Callable[[T], T]:
    """Give the job up at the first of `errors`, as ActiveJob's ``discard_on``.

    Args:
        errors: exception classes, or their names.
        handler: called with (job, error), or a method's name, before after_discard.
        report: hand the error to the engine's error reporter.
    """
    rule = DiscardOn(errors, handler, report)
    return lambda target: declare(target, "discard_on", Declared(handlers=[rule]))


def rescue_from(*errors: ErrorType, handler: Handler) -> Callable[[T], T]:
    """Let `handler(job, error)` deal with `errors`; neither a retry nor after_discard follows by itself."""
    rule = RescueFrom(errors, handler)
    return lambda target: declare(target, "rescue_from", Declared(handlers=[rule]))


class BodyDeclaration:
    """What a callback decorator returns: in a class body a method, elsewhere a decorator for a job."""

    def __init__(self, word: str, function: Callable[..., Any], declared_in_body: Declared) -> None:
        self.declared_in_body = declared_in_body
        self._word = word
        self._function = function
        self.__doc__ = function.__doc__
        self.__name__ = getattr(function, "__name__", word)

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        if instance is None:
            return self
        return self._function.__get__(instance, owner)

    def __call__(self, target: T) -> T:
        return declare(target, self._word, self.declared_in_body)  # type: ignore[no-any-return]  # declare returns target


def after_discard(procedure: Callable[..., Any]) -> BodyDeclaration:
    """Call `procedure(job, error)` once when the job has finally failed, as ActiveJob's ``after_discard``.

    It runs after a handler of retry_on or discard_on, and before the error is raised; not for rescue_from.
    """
    return BodyDeclaration("after_discard", procedure, Declared(after_discard=[procedure]))


class CallbackDecorator(Protocol):
    """``@before_perform`` and its like: on a function as it is, or with conditions."""

    @overload
    def __call__(self, function: Callable[..., Any]) -> BodyDeclaration: ...
    @overload
    def __call__(
        self, *, if_: Callable[[Any], Any] | None = ..., unless: Callable[[Any], Any] | None = ...
    ) -> Callable[[Callable[..., Any]], BodyDeclaration]: ...


def _callback(kind: str, chain: str) -> CallbackDecorator:
    word = f"{kind}_{chain}"

    def decorator(
        function: Callable[..., Any] | None = None,
        *,
        if_: Callable[[Any], Any] | None = None,
        unless: Callable[[Any], Any] | None = None,
    ) -> Any:
        if function is None:
            return lambda given: decorator(given, if_=if_, unless=unless)
        declared = Declared(callbacks=[Callback(kind, chain, function, if_, unless)])
        return BodyDeclaration(word, function, declared)

    decorator.__name__ = decorator.__qualname__ = word
    takes = "(job, proceed)" if kind == AROUND else "(job)"
    decorator.__doc__ = (
        f"Run a function {kind} each {chain}, as ActiveJob's ``{word}``.\n\n"
        f"In a class body it makes a callback of the method; elsewhere ``@{word}(function)`` stands on a job and\n"
        f"`function` is called with {takes}. `if_` and `unless` take a predicate of the job."
    )
    return decorator


before_enqueue = _callback(BEFORE, "enqueue")
around_enqueue = _callback(AROUND, "enqueue")
after_enqueue = _callback(AFTER, "enqueue")
before_perform = _callback(BEFORE, "perform")
around_perform = _callback(AROUND, "perform")
after_perform = _callback(AFTER, "perform")
