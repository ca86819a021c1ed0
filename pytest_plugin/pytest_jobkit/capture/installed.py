"""All captures of one test, put in place together; a framework that is imported later in the test is taken then."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from random import Random
from types import ModuleType, TracebackType
from typing import Any

from jobkit.clock import Clock
from pytest_jobkit.capture.base import Capture, Sink
from pytest_jobkit.capture.discovery import captures_for, check_names, imported_frameworks, watched_modules
from pytest_jobkit.capture.django_orm import uncommitted_rows


class InstalledCaptures:
    """Captures every framework that is imported, from `install` to `uninstall`.

    Args:
        sink: gets each message as an `Envelope`.
        clock: the engine's.
        only: names of frameworks to take (the ini key ``jobkit_frameworks``); None takes all.
        chance: gives a framework's name its source of jitter, as ``Engine.chance``.

    Raises:
        ConfigError: `only` has a name that no capture knows; a typo would take nothing, and say nothing.
    """

    def __init__(
        self, sink: Sink, clock: Clock, only: Sequence[str] | None = None, chance: Callable[[str], Random] | None = None
    ) -> None:
        if only is not None:
            check_names(only)
        self._sink = sink
        self._chance = chance
        self._clock = clock
        self._only = only
        self._captures: dict[str, list[Capture]] = {}
        self._watch = _ImportWatch(self)

    def install(self) -> None:
        """Take the imported frameworks now, and each other one as soon as it is imported."""
        uncommitted_rows.watch()
        for name in list(imported_frameworks()):
            self.take(name)
        sys.meta_path.insert(0, self._watch)

    def uninstall(self) -> None:
        """Leave every framework as it was found, the last taken first."""
        if self._watch in sys.meta_path:
            sys.meta_path.remove(self._watch)
        uncommitted_rows.unwatch()
        while self._captures:
            _, captures = self._captures.popitem()
            for capture in reversed(captures):
                capture.uninstall()

    def take(self, import_name: str) -> None:
        """Capture the framework that is imported as `import_name`, unless that is done."""
        if import_name not in self._captures:
            captures = self._captures[import_name] = captures_for(import_name, self._only)
            for capture in captures:
                chance = None if self._chance is None else self._chance(capture.framework)
                capture.install(self._sink, self._clock, chance)

    def __iter__(self) -> Iterator[Capture]:
        return (capture for captures in self._captures.values() for capture in captures)

    def owner(self, job: object) -> Capture | None:
        """The capture of the framework that `job` (a task, an actor, a function) is an object of."""
        return next((capture for capture in self if capture.job_name(job) is not None), None)

    def __enter__(self) -> InstalledCaptures:
        self.install()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.uninstall()


class _ImportWatch(MetaPathFinder):
    """Sees a framework's import and has it captured once its module has run."""

    def __init__(self, captures: InstalledCaptures) -> None:
        self._captures = captures
        self._names = frozenset(watched_modules())

    def find_spec(self, name: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        if name not in self._names:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _TakingLoader(spec.loader, lambda: self._captures.take(name))
                return spec
        return None


class _TakingLoader(Loader):
    """Loads as `loader` does, then says so; everything else is left to `loader`."""

    def __init__(self, loader: Any, loaded: Any) -> None:
        self._loader = loader
        self._loaded = loaded

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        spec = module.__spec__
        if spec is not None:
            spec.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._loaded()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)
