"""Forms of output: one file each, with ``render(outcome, context) -> str``, found by name."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

from jobkit_lint.runner import Outcome


@dataclass(frozen=True, slots=True)
class Rendering:
    """How to render: `colour` escape sequences or none, `width` of the terminal in columns."""

    colour: bool = False
    width: int = 100


Render = Callable[[Outcome, Rendering], str]


def formats() -> list[str]:
    """The names of the forms of output, as `--format` takes them."""
    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__))


def reporter(name: str) -> Render:
    """The function that renders the form `name`."""
    module = importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
    render: Render = module.render
    return render
