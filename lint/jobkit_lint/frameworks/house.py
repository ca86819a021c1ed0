"""House wrappers that the settings name: a framework that knows the enqueue methods of all others."""

from __future__ import annotations

from collections.abc import Iterable

from jobkit_lint.config import nearest
from jobkit_lint.errors import ConfigError
from jobkit_lint.frameworks.model import Enqueuer, Framework, Method, Packing
from jobkit_lint.settings import Settings


def house_framework(frameworks: Iterable[Framework]) -> Framework:
    """What is known of a job declared by a wrapper whose framework was not told: how it may be enqueued."""
    methods: dict[str, Method] = {}
    for framework in frameworks:
        for method in framework.methods:
            methods.setdefault(method.name, method)
    return Framework(
        name="house",
        title="the project's own wrapper",
        packages=(),
        methods=tuple(methods.values()),
        serializer="unknown",
        bases=(),
    )


def taught(names: tuple[str, ...] | dict[str, str], frameworks: Iterable[Framework], key: str) -> dict[str, Framework]:
    """The dotted names of one setting, each with its framework. Raises `ConfigError` for an unknown one."""
    known = {framework.name: framework for framework in frameworks}
    if not isinstance(names, dict):
        return dict.fromkeys(names, house_framework(known.values()))
    found: dict[str, Framework] = {}
    for path, name in names.items():
        if name not in known:
            reason = f"{name!r} is no framework: {nearest(name, known)}"
            raise ConfigError(f"[tool.jobkit.lint] `{key}`: {path}: {reason}")
        found[path] = known[name]
    return found


def taught_enqueuers(settings: Settings, frameworks: Iterable[Framework]) -> dict[str, tuple[Framework, Enqueuer]]:
    """The ``enqueue-functions``: the job, or its name, first, then its arguments."""
    names = taught(settings.enqueue_functions, frameworks, "enqueue-functions")
    return {
        path: (framework, Enqueuer(path, by_name=True, packing=Packing(skip=1), defines_job=True))
        for path, framework in names.items()
    }
