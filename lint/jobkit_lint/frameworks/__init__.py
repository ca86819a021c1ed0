"""The frameworks that the linter knows: one data file each, found by walking this package."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from jobkit_lint.frameworks.model import Framework


@cache
def known_frameworks() -> tuple[Framework, ...]:
    """Every framework, by name; a module of this package without ``FRAMEWORK`` is not one."""
    found: list[Framework] = []
    for module in pkgutil.iter_modules(__path__):
        content = importlib.import_module(f"{__name__}.{module.name}")
        framework = getattr(content, "FRAMEWORK", None)
        if isinstance(framework, Framework):
            found.append(framework)
    return tuple(sorted(found, key=lambda framework: framework.name))
