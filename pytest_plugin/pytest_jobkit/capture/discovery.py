"""Which captures there are: found by walking this package, each imported only when its framework is."""

from __future__ import annotations

import inspect
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module

import pytest_jobkit.capture as package
from pytest_jobkit.capture.base import Capture


def watched_modules() -> dict[str, str]:
    """Each framework's import name, and the name of the module here that may capture it."""
    found = pkgutil.iter_modules(package.__path__)
    return {entry.name.replace("__", "."): f"{package.__name__}.{entry.name}" for entry in found}


def imported_frameworks() -> Iterator[str]:
    """The import names of the frameworks that this process has imported and that have a module here."""
    return (name for name in watched_modules() if name in sys.modules)


def captures_for(import_name: str, only: Sequence[str] | None = None) -> list[Capture]:
    """New captures for the framework that is imported as `import_name`.

    Args:
        only: the `framework` names to allow; None allows all.
    """
    module = import_module(watched_modules()[import_name])
    classes = [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, Capture)
        and not inspect.isabstract(value)
        and value.__module__.startswith(module.__name__)
    ]
    return [capture() for capture in classes if only is None or capture.framework in only]
