"""subprocess and os.system: a program that is started is one effect, whatever it does.

The program counts as started in any case; the answer that may be lost is its end.
"""

from __future__ import annotations

import errno
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import PurePath
from typing import Any
from weakref import WeakKeyDictionary

from pytest_jobkit.retry_safety.channels.base import Channel, Patches
from pytest_jobkit.retry_safety.effects.record import Effect, Operation, State
from pytest_jobkit.retry_safety.effects.runtime import Runtime, inside_effect, reporting


@lru_cache(maxsize=1000)
def _operation(program: str) -> Operation:
    return Operation(
        "proc", f"run {program}", resource=program, refuse=partial(OSError, errno.EAGAIN), lose_answer=_unanswered
    )


def _unanswered(words: str) -> BaseException:
    return subprocess.TimeoutExpired(words, 0)


class SubprocessChannel(Channel):
    """Hooks the start and the end of ``subprocess.Popen``, and ``os.system``."""

    library = "subprocess"

    def __init__(self) -> None:
        self._running: WeakKeyDictionary[Any, tuple[Runtime, Effect]] = WeakKeyDictionary()

    def install(self, patches: Patches) -> None:
        kind = subprocess.Popen
        start: Any = kind.__init__
        system = os.system

        def reported_start(process: Any, args: Any, *more: Any, **options: Any) -> None:
            runtime = reporting()
            if runtime is None:
                start(process, args, *more, **options)
                return
            program, line = _command(args)
            effect = runtime.announce(_operation(program), line, depth=2)
            if effect.state is State.WRONG:
                process._child_created = False  # what __del__ asks for
                answer = runtime.wrong(effect)
                raise TypeError(f"wrong answers for 'proc' must be exceptions, since a process is no value: {answer!r}")
            token = inside_effect.set(True)
            try:
                start(process, args, *more, **options)
            except BaseException:
                effect.state = State.FAILED
                raise
            finally:
                inside_effect.reset(token)
            self._running[process] = (runtime, effect)

        def ending(real: Callable[..., Any]) -> Callable[..., Any]:
            def reported_end(process: Any, *arguments: Any, **options: Any) -> Any:
                ended = real(process, *arguments, **options)
                runtime, effect = self._running.pop(process, (None, None))
                if runtime is not None and effect is not None:
                    runtime.done(effect)
                return ended

            return reported_end

        def reported_system(command: str) -> int:
            runtime = reporting()
            if runtime is None:
                return system(command)
            program, line = _command(command)
            return runtime.perform(_operation(program), system, command, detail=line)

        patches.replace(kind, "__init__", reported_start)
        patches.replace(kind, "wait", ending(kind.wait))
        patches.replace(kind, "communicate", ending(kind.communicate))
        patches.replace(os, "system", reported_system)
        if "asyncio.subprocess" in sys.modules:
            self._install_asyncio(patches)

    def _install_asyncio(self, patches: Patches) -> None:
        """An awaited program ends when its `wait` does, which `communicate` awaits too."""
        awaited: Any = sys.modules["asyncio.subprocess"].Process
        wait = awaited.wait

        async def reported_wait(process: Any) -> int:
            popen = process._transport.get_extra_info("subprocess")
            code: int = await wait(process)
            runtime, effect = self._running.pop(popen, (None, None))
            if runtime is not None and effect is not None:
                runtime.done(effect)
            return code

        patches.replace(awaited, "wait", reported_wait)

    def drop(self) -> None:
        """Programs that nobody waits for have been started all the same."""
        for runtime, effect in list(self._running.values()):
            if effect.state is State.DONE:
                runtime.ledger.enter(effect)
        self._running.clear()


def _command(args: Any) -> tuple[str, str]:
    """The program's name, and its arguments as a shell would read them."""
    if isinstance(args, str | bytes):
        line = os.fsdecode(args)
        words = line.split(maxsplit=1)
    elif isinstance(args, os.PathLike):
        words = [os.fsdecode(args)]
    else:
        words = [os.fsdecode(word) for word in args]
        return PurePath(words[0]).name if words else "?", shlex.join(words[1:])
    return PurePath(words[0]).name if words else "?", " ".join(words[1:])
