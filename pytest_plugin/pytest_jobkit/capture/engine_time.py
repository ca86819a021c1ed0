"""The engine's clock, in the shapes in which job frameworks read time."""

from __future__ import annotations

import sys
import time
from types import ModuleType
from typing import Any

from jobkit.clock import Clock


class EngineTime:
    """Stands in for the module `time` inside a framework: the engine's instant, and nobody ever sleeps.

    What reads no wall clock (``strftime``, ``struct_time`` ...) is the module's own.
    """

    def __init__(self, clock: Clock) -> None:
        self.time = clock.time
        self.monotonic = clock.time

    def time_ns(self) -> int:
        return round(self.time() * 1_000_000_000)

    def sleep(self, seconds: float) -> None:
        """Return at once: in a captured framework only the engine waits."""

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


_modules: dict[str, tuple[int, list[ModuleType]]] = {}


def loaded_modules(package: str) -> list[ModuleType]:
    """The modules of `package` that are imported by now; looked for again only after further imports."""
    count, found = _modules.get(package, (0, []))
    if count != len(sys.modules):
        inside = f"{package}."
        found = [
            module
            for name, module in list(sys.modules.items())
            if module is not None and (name == package or name.startswith(inside))
        ]
        _modules[package] = len(sys.modules), found
    return found
