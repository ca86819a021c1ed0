"""What a worker process knows and a new one does not: module variables, random numbers.

Module variables are put back only where the test names them, since a variable of a module may as well stand for a part
of the world. What is not named is found by comparing two undisturbed runs, and reported.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Any

from pytest_jobkit.retry_safety.channels.base import Patches
from pytest_jobkit.retry_safety.effects.runtime import current
from pytest_jobkit.retry_safety.worlds.saving import Holdings


class ProcessMemory:
    """Makes every delivery start with the memory of a new process, and gives it random numbers that repeat.

    The random numbers depend on the delivery's number alone: two deliveries of one message differ, as they do in
    production, and the same schedule runs the same way twice.

    Args:
        forget: names of module variables, ``"package.module.NAME"``.

    Raises:
        ValueError: a name is no variable of an imported module.
    """

    def __init__(self, forget: Iterable[str] = ()) -> None:
        self._held = Holdings({name: _variable(name) for name in forget}, lambda _thing: None)
        self._before = self._held.look()
        self._before.remember()
        self.seed = 0
        #: whether the deliveries so far asked for random numbers
        self.random_was_read = False
        self._delivery = 0
        self._stream: _Stream | None = None

    def install(self, patches: Patches) -> None:
        """Supply the random numbers of the process until the end of the check."""
        state = random.getstate()
        patches.call_at_end(lambda: random.setstate(state))
        patches.replace(os, "urandom", self._urandom(os.urandom))
        patches.replace(random, "_urandom", self._urandom(os.urandom))

    def reset(self) -> None:
        """A new world begins."""
        self._before.put_back()

    def forget(self, delivery: int) -> None:
        """A new delivery begins: in a new process, as far as it can tell."""
        self._before.put_back()
        self._stream = None
        self._delivery = delivery
        random.seed(self.seed * 1000 + delivery)

    def leave(self) -> object:
        """The memory of a worker that stops for another one; give it to `enter` when it goes on."""
        held = self._held.look()
        held.remember()
        return (held, random.getstate(), self._stream, self._delivery)

    def enter(self, left: Any) -> None:
        """A worker goes on with the memory that it had."""
        held, state, self._stream, self._delivery = left
        held.put_back()
        random.setstate(state)

    def note_random_numbers(self, delivery: int) -> None:
        """See whether the delivery that just ended drew from the module `random`."""
        drawn = random.getstate()
        random.seed(self.seed * 1000 + delivery)
        self.random_was_read = self.random_was_read or drawn != random.getstate()

    def _urandom(self, real: Callable[[int], bytes]) -> Callable[[int], bytes]:
        def urandom(size: int, /) -> bytes:
            if current.runtime is None:
                return real(size)
            self.random_was_read = True
            if self._stream is None:
                self._stream = _Stream(f"{self.seed}.{self._delivery}".encode())
            return self._stream.read(size)

        return urandom


class _Stream:
    """Bytes that look random and repeat."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._block = 0

    def read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += blake2b(self._seed + self._block.to_bytes(8, "big")).digest()
            self._block += 1
        return data[:size]


def _variable(name: str) -> Any:
    module, _, variable = name.rpartition(".")
    if module not in sys.modules or not hasattr(sys.modules[module], variable):
        there = f"it has no {variable!r}" if module in sys.modules else "it is not imported"
        raise ValueError(
            f"forget={name!r}: wanted a variable of an imported module, as in 'shop.jobs.CACHE'; as for module "
            f"{module!r}, {there}"
        )
    return getattr(sys.modules[module], variable)
