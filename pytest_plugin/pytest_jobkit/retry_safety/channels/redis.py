"""redis, sync and async: commands, and pipelines as one effect each.

A value that is set twice is the same value, so such commands are judged by what Redis holds in the end; commands that
add something with every call (``INCR``, ``LPUSH``, ``PUBLISH``) are counted. The data of every database that the world
holds a client of, or that the job has used, is saved, put back and compared.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_jobkit.retry_safety.channels.base import Channel, Patches, Saver
from pytest_jobkit.retry_safety.channels.reading.redis_commands import CONTROL, redis_operation, word
from pytest_jobkit.retry_safety.effects.runtime import current, reporting
from pytest_jobkit.retry_safety.worlds.redis_saver import RedisSaver, address_of


class RedisChannel(Channel):
    """Hooks ``Redis.execute_command`` and ``Pipeline.execute`` of both clients, which nothing goes around."""

    library = "redis"

    def __init__(self) -> None:
        self._used: dict[Any, Any] = {}
        self._of_the_world: dict[Any, RedisSaver] = {}
        self._of_the_job: list[RedisSaver] = []

    def install(self, patches: Patches) -> None:
        import redis
        import redis.asyncio

        def effect_of(*commands: Any) -> Any:
            return redis_operation(commands, redis.ConnectionError, redis.TimeoutError)

        def hook(kind: Any, name: str, commands_of: Callable[[Any, tuple[Any, ...]], list[Any]]) -> None:
            real = getattr(kind, name)

            def reported(client: Any, *arguments: Any, **options: Any) -> Any:
                runtime = reporting()
                commands = None if runtime is None else commands_of(client, arguments)
                if runtime is None or not commands:
                    return real(client, *arguments, **options)
                self._note(client)
                operation, detail = effect_of(*commands)
                return runtime.perform(operation, lambda: real(client, *arguments, **options), detail=detail)

            patches.replace(kind, name, reported)

        def hook_async(kind: Any, name: str, commands_of: Callable[[Any, tuple[Any, ...]], list[Any]]) -> None:
            real = getattr(kind, name)

            async def reported(client: Any, *arguments: Any, **options: Any) -> Any:
                runtime = reporting()
                commands = None if runtime is None else commands_of(client, arguments)
                if runtime is None or not commands:
                    return await real(client, *arguments, **options)
                self._note(client)
                operation, detail = effect_of(*commands)
                return await runtime.perform_async(
                    operation, lambda: real(client, *arguments, **options), detail=detail
                )

            patches.replace(kind, name, reported)

        hook(redis.Redis, "execute_command", _single)
        hook(redis.client.Pipeline, "execute", _queued)
        hook(redis.client.Pipeline, "immediate_execute_command", _single)
        hook_async(redis.asyncio.Redis, "execute_command", _single)
        hook_async(redis.asyncio.client.Pipeline, "execute", _queued)
        hook_async(redis.asyncio.client.Pipeline, "immediate_execute_command", _single)

    def _note(self, client: Any) -> None:
        if current.runtime is not None:
            self._used.setdefault(address_of(client), client)

    def saver(self, thing: object) -> Saver | None:
        import redis
        import redis.asyncio

        if not isinstance(thing, redis.Redis | redis.asyncio.Redis):
            return None
        address = address_of(thing)
        if address not in self._of_the_world:
            self._of_the_world[address] = RedisSaver(thing)
        return self._of_the_world[address]

    def stores(self) -> list[Saver]:
        self._of_the_job = [
            RedisSaver(client) for address, client in self._used.items() if address not in self._of_the_world
        ]
        return list(self._of_the_job)

    def has_found_stores(self) -> bool:
        return len([address for address in self._used if address not in self._of_the_world]) > len(self._of_the_job)

    def forget_world(self) -> None:
        for saver in (*self._of_the_world.values(), *self._of_the_job):
            saver.close()
        self._of_the_world = {}
        self._of_the_job = []


def _single(client: Any, arguments: tuple[Any, ...]) -> list[Any]:
    return [] if word(arguments[0]).lower().split()[0] in CONTROL else [arguments]


def _queued(pipeline: Any, arguments: tuple[Any, ...]) -> list[Any]:
    return [command[0] for command in pipeline.command_stack]
