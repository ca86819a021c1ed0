"""Which captures there are: found by walking this package, each imported only when its framework is."""

from __future__ import annotations

import difflib
import inspect
import pkgutil
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module

import pytest_jobkit.capture as package
from jobkit import ConfigError
from pytest_jobkit.capture.base import Capture
from pytest_jobkit.capture.versions import UntriedVersionWarning


@cache
def watched_modules() -> Mapping[str, str]:
    """Each framework's import name, and the name of the module here that may capture it."""
    found = pkgutil.iter_modules(package.__path__)
    return {entry.name.replace("__", "."): f"{package.__name__}.{entry.name}" for entry in found}


def check_names(names: Sequence[str]) -> None:
    """See to it that each of `names`, as in the ini key ``jobkit_frameworks``, is one that can be captured.

    Raises:
        ConfigError: one of them is not, with the nearest that is.
    """
    known = watched_modules()
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise ConfigError(
                f"jobkit_frameworks: a framework that can be captured is wanted, and {name!r} is none"
                + (f"; did you mean {near[0]!r}?" if near else "; write it as the framework is imported")
            )


def imported_frameworks() -> Iterator[str]:
    """The import names of the frameworks that this process has imported and that have a module here."""
    return (name for name in watched_modules() if name in sys.modules)


def captures_for(import_name: str, only: Sequence[str] | None = None) -> list[Capture]:
    """New captures for the framework that is imported as `import_name`; none, with a warning, where its version lacks
    what they need.

    Args:
        only: the `framework` names to allow; None allows all.
    """
    if only is not None and import_name not in only:
        return []
    try:
        module = import_module(watched_modules()[import_name])
    except (ImportError, AttributeError) as error:
        warnings.warn(
            f"{import_name} is not captured, its jobs go where they always go: the installed version lacks what the "
            f"capture needs ({error}). Install a newer one, or set jobkit_frameworks to those that are to be captured",
            UntriedVersionWarning,
            stacklevel=2,
        )
        return []
    classes = [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, Capture)
        and not inspect.isabstract(value)
        and value.__module__.startswith(module.__name__)
    ]
    return [capture() for capture in classes]
