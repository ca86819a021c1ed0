"""Runs deliveries of a plain function or coroutine function; and what every way of running them offers."""

from __future__ import annotations

import asyncio
import copy
import functools
import inspect
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any, Protocol

from jobkit.envelope import WorkerLost
from jobkit.outcome import Outcome, OutcomeKind
from pytest_jobkit.retry_safety.delivering.calls import Call
from pytest_jobkit.retry_safety.worlds.durable_types import is_atom


class Performance(Protocol):
    """Runs deliveries of one call, whatever kind of job it is.

    Attributes:
        roots: what survives the worker beside the world: the queue's own locks.
        notes: for the reader of the report.
        is_awaited: whether it runs an event loop.
        is_early: whether it is acknowledged before it runs, so that a killed worker loses it.
    """

    roots: dict[str, object]
    notes: list[str]
    is_awaited: bool
    is_early: bool

    def deliver(self, number: int) -> Outcome:
        """Run the body once. Errors become an outcome; `WorkerLost` passes through."""

    def codes(self) -> list[CodeType]:
        """The code objects of the job's own functions."""

    def beside(self, loop: LoopOfTheWorker) -> Performance:
        """The same message for a worker of its own, which runs at the same time."""


class LoopOfTheWorker:
    """The event loop of the worker process: made when the first coroutine comes, closed with the check."""

    def __init__(self) -> None:
        self._runner: asyncio.Runner | None = None

    def run(self, awaitable: Awaitable[Any]) -> Any:
        """Await the job; whatever tasks it leaves behind are gone with it.

        Raises:
            RuntimeError: an event loop is running in this thread already.
        """
        if self._runner is None:
            self._runner = asyncio.Runner()
            self._runner.get_loop().set_exception_handler(_without_killed_tasks)
        try:
            return self._runner.run(_result_of(awaitable))
        finally:
            loop = self._runner.get_loop()
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            if left:
                loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))

    @contextmanager
    def open(self) -> Iterator[None]:
        """Close the loop at the end."""
        try:
            yield
        finally:
            self.close()

    def close(self) -> None:
        """The worker is gone."""
        if self._runner is not None:
            self._runner.close()
            self._runner = None


async def _result_of(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def _without_killed_tasks(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Python's report of an unretrieved task error, except for the kills that the check itself injected."""
    if not isinstance(context.get("exception"), WorkerLost):
        loop.default_exception_handler(context)


class FunctionPerformance:
    """A plain function or coroutine function, called with its own copy of the arguments, as a worker decodes them.

    Raises:
        TypeError: the arguments do not fit the function.
    """

    def __init__(self, call: Call, loop: LoopOfTheWorker) -> None:
        function = call.job
        try:
            inspect.signature(function).bind(*call.arguments, **call.kwarguments)
        except ValueError:  # a builtin without a signature
            pass
        except TypeError as error:
            raise TypeError(f"{call!r}: the arguments do not fit the job: {error}") from None
        self.roots: dict[str, object] = {}
        self.notes: list[str] = []
        self._function: Callable[..., Any] = function
        self._arguments = call.arguments
        self._kwarguments = call.kwarguments
        self._copies = not all(is_atom(type(v), v) for v in (*call.arguments, *call.kwarguments.values()))
        self._loop = loop
        self.is_early = False
        self.is_awaited = inspect.iscoroutinefunction(inspect.unwrap(function))

    def beside(self, loop: LoopOfTheWorker) -> FunctionPerformance:
        other = copy.copy(self)
        other._loop = loop
        return other

    def deliver(self, number: int) -> Outcome:
        arguments, kwarguments = self._arguments, self._kwarguments
        if self._copies:
            arguments, kwarguments = copy.deepcopy((arguments, kwarguments))
        try:
            result = self._function(*arguments, **kwarguments)
            if inspect.iscoroutine(result):
                result = self._loop.run(result)
        except WorkerLost:
            raise
        except BaseExceptionGroup as group:
            if group.subgroup(WorkerLost) is not None:
                raise WorkerLost("a task of the job was killed") from group
            return Outcome(OutcomeKind.FAILED, error=group)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return Outcome(OutcomeKind.FAILED, error=error)
        return Outcome(OutcomeKind.SUCCEEDED, result=result)

    def codes(self) -> list[CodeType]:
        return codes_of(self._function)


def codes_of(function: Any) -> list[CodeType]:
    """The code object of whatever can be called, if it is written in Python."""
    function = inspect.unwrap(function)
    if isinstance(function, functools.partial):
        return codes_of(function.func)
    if not inspect.isroutine(function) and callable(function):
        function = type(function).__call__
    code = getattr(function, "__code__", None) or getattr(getattr(function, "__func__", None), "__code__", None)
    return [code] if code else []
