"""Callbacks around enqueue and perform, with ActiveJob's order (spec: D).

Declarations are read top to bottom; an around opens a scope that holds all that is declared after it; afters run in
reverse order; base classes count as declared earlier. Where nothing is declared nothing is called.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

from jobkit.errors import Abort, ConfigError
from jobkit.sync import drive

BEFORE, AROUND, AFTER = "before", "around", "after"


@dataclass(slots=True, frozen=True)
class Callback:
    """One declared callback.

    Attributes:
        kind: "before", "around" or "after".
        chain: "enqueue" or "perform".
        function: called with the job, an around also with `proceed`; a generator function with one ``yield``
            may serve as an around for sync and async jobs alike.
        if_, unless: called with the job; the callback is skipped if `if_` says no or `unless` says yes.
    """

    kind: str
    chain: str
    function: Callable[..., Any]
    if_: Callable[[Any], Any] | None = None
    unless: Callable[[Any], Any] | None = None

    @property
    def name(self) -> str:
        return getattr(self.function, "__name__", repr(self.function))

    def applies(self, job: Any) -> bool:
        return (self.if_ is None or bool(self.if_(job))) and (self.unless is None or not self.unless(job))

    @property
    def is_async(self) -> bool:
        return inspect.iscoroutinefunction(self.function)


class ChainRun:
    """One run of a callback chain: says afterwards whether it was halted, and by which callback."""

    __slots__ = ("_body", "_callbacks", "_is_async", "_job", "halted_by", "reached", "result")

    def __init__(
        self, callbacks: Sequence[Callback], job: Any, body: Callable[[], Awaitable[Any]], is_async: bool
    ) -> None:
        self._callbacks = callbacks
        self._job = job
        self._body = body
        self._is_async = is_async
        self.halted_by: str | None = None
        self.reached = False
        self.result: Any = None

    async def run(self, start: int = 0) -> Any:
        """Run the callbacks from number `start` on and the body; returns what the body returned."""
        for index in range(start, len(self._callbacks)):
            callback = self._callbacks[index]
            if not callback.applies(self._job):
                continue
            if callback.kind == BEFORE:
                try:
                    called = callback.function(self._job)
                    if callback.is_async:
                        await called
                except Abort:
                    self.halted_by = callback.name
                    return None
            elif callback.kind == AFTER:
                await self.run(index + 1)
                if self.halted_by is None:
                    called = callback.function(self._job)
                    if callback.is_async:
                        await called
                return self.result
            else:
                await self._around(callback, index)
                return self.result
        self.reached = True
        self.result = await self._body()
        return self.result

    async def _around(self, callback: Callback, index: int) -> None:
        function = callback.function
        if inspect.isgeneratorfunction(function):
            await self._around_generator(function(self._job), index)
        elif callback.is_async:
            await function(self._job, lambda: self.run(index + 1))
        elif self._is_async:
            raise ConfigError(
                f"around callback {callback.name!r} is a plain function, but {type(self._job).__qualname__} is async: "
                "make it 'async def' and await proceed(), or a generator function with one yield"
            )
        else:
            function(self._job, lambda: drive(self.run(index + 1)))

    async def _around_generator(self, generator: Generator[Any, Any, Any], index: int) -> None:
        try:
            next(generator)
        except StopIteration:
            return
        try:
            result = await self.run(index + 1)
        except BaseException as error:
            try:
                generator.throw(error)
            except StopIteration:
                return
            raise ConfigError("an around callback that is a generator must have one yield") from error
        try:
            generator.send(result)
        except StopIteration:
            return
        raise ConfigError("an around callback that is a generator must have one yield")
