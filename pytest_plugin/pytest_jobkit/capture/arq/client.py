"""Every `ArqRedis` of the process on one store in memory, for the length of a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from arq.connections import ArqRedis
from redis.asyncio.client import Pipeline

from pytest_jobkit.capture.arq.store import Store, UnknownCommand

Replace = Callable[[Any, str, Any], Any]
Stray = Callable[..., Any]


def keep_in_memory(replace: Replace, store: Store, stray: Stray) -> None:
    """Let each `ArqRedis` run its commands on `store`.

    Args:
        replace: sets an attribute for the length of the test.
        stray: called with the client for a command that only a real Redis could answer; raises.
    """

    def run(client: Any, name: str, arguments: tuple[Any, ...]) -> Any:
        try:
            return store.run(name, arguments)
        except UnknownCommand:
            return stray(client)

    async def execute_command(client: Any, *arguments: Any, **options: Any) -> Any:
        return run(client, arguments[0], arguments[1:])

    def pipeline(client: Any, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        return PipelineInMemory(lambda name, arguments: run(client, name, arguments))

    replace(ArqRedis, "execute_command", execute_command)
    replace(ArqRedis, "pipeline", pipeline)


class PipelineInMemory(Pipeline):
    """Commands that are kept until `execute`, or run at once between `watch` and `multi`."""

    def __init__(self, run: Callable[[str, tuple[Any, ...]], Any]) -> None:
        self._run = run
        self._kept: list[tuple[Any, ...]] = []
        self._at_once = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.reset()

    def __del__(self, *unused: Any) -> None:
        """There is no connection to give back."""

    def execute_command(self, *arguments: Any, **options: Any) -> Any:
        if self._at_once:
            return self._answer(arguments)
        self._kept.append(arguments)
        return self

    async def _answer(self, arguments: tuple[Any, ...]) -> Any:
        return self._run(arguments[0], arguments[1:])

    async def watch(self, *names: Any) -> None:  # type: ignore[override]  # the sync client's type is a base of it
        self._at_once = True

    def multi(self) -> None:
        self._at_once = False

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        kept, self._kept = self._kept, []
        return [self._run(arguments[0], arguments[1:]) for arguments in kept]

    async def reset(self) -> None:
        self._kept = []
        self._at_once = False
