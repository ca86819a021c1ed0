"""What is delivered: a job with its arguments; and how one delivery of it is run."""

from __future__ import annotations

import asyncio
import copy
import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any, Protocol

from jobkit.envelope import WorkerLost
from jobkit.outcome import Outcome, OutcomeKind
from pytest_jobkit.retry_safety.worlds.durable_types import is_atom


class Call:
    """A job and the arguments that one message carries; `job_arguments` makes them, and so can you."""

    __slots__ = ("arguments", "job", "kwarguments")

    def __init__(self, job: Any, /, *arguments: Any, **kwarguments: Any) -> None:
        self.job = job
        self.arguments = arguments
        self.kwarguments = kwarguments

    @property
    def name(self) -> str:
        """The job's name, for people."""
        name = getattr(self.job, "__name__", None) or getattr(self.job, "name", None) or type(self.job).__name__
        return str(name)

    def __repr__(self) -> str:
        words = [*map(repr, self.arguments), *(f"{key}={value!r}" for key, value in self.kwarguments.items())]
        return f"{self.name}({', '.join(words)})"


class Performance(Protocol):
    """Runs deliveries of one call, whatever kind of job it is."""

    def deliver(self, number: int) -> Outcome:
        """Run the body once. Errors become an outcome; `WorkerLost` passes through."""

    def codes(self) -> list[CodeType]:
        """The code objects of the job's own functions, for the audit of lines."""

    def running(self) -> Any:
        """A context manager around all deliveries of a check."""


class FunctionPerformance:
    """A plain function or coroutine function, called with its own copy of the arguments, as a worker decodes them."""

    def __init__(self, call: Call) -> None:
        function = call.job
        try:
            inspect.signature(function).bind(*call.arguments, **call.kwarguments)
        except ValueError:  # a builtin without a signature
            pass
        except TypeError as error:
            raise TypeError(f"{call!r}: the arguments do not fit the job: {error}") from None
        self._function: Callable[..., Any] = function
        self._arguments = call.arguments
        self._kwarguments = call.kwarguments
        self._copies = not all(is_atom(type(v), v) for v in (*call.arguments, *call.kwarguments.values()))
        self._runner: asyncio.Runner | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        yield
        if self._runner is not None:
            self._runner.close()
            self._runner = None

    def deliver(self, number: int) -> Outcome:
        arguments, kwarguments = self._arguments, self._kwarguments
        if self._copies:
            arguments, kwarguments = copy.deepcopy((arguments, kwarguments))
        try:
            result = self._function(*arguments, **kwarguments)
            if inspect.iscoroutine(result):
                result = self._await(result)
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

    def _await(self, coroutine: Any) -> Any:
        if self._runner is None:
            self._runner = asyncio.Runner()
            self._runner.get_loop().set_exception_handler(_without_killed_tasks)
        try:
            return self._runner.run(coroutine)
        finally:
            loop = self._runner.get_loop()
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            if left:
                loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))

    def codes(self) -> list[CodeType]:
        function = inspect.unwrap(self._function)
        if isinstance(function, functools.partial):
            function = function.func
        if not inspect.isroutine(function) and callable(function):
            function = type(function).__call__
        code = getattr(function, "__code__", None) or getattr(getattr(function, "__func__", None), "__code__", None)
        return [code] if code else []


def _without_killed_tasks(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Python's report of an unretrieved task error, except for the kills that the check itself injected."""
    if not isinstance(context.get("exception"), WorkerLost):
        loop.default_exception_handler(context)


def performance_of(call: Call) -> Performance:
    """How deliveries of this call are run.

    Raises:
        TypeError: the job cannot be called, or not with these arguments.
    """
    if not callable(call.job):
        raise TypeError(f"retry safety needs a job that can be called; got {call.job!r}")
    return FunctionPerformance(call)
