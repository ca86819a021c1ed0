"""Which versions of a framework a capture was tried with."""

from __future__ import annotations

import warnings
from importlib.metadata import PackageNotFoundError, version

_checked: set[tuple[str, str]] = set()


class UntriedVersionWarning(UserWarning):
    """A framework is installed in a version that its capture was not tried with."""


def check_version(label: str, distribution: str, known: tuple[str, ...]) -> None:
    """Warn, once a process, where the installed version is none of `known`; the capture goes on all the same.

    A version is looked up once a process: reading a distribution's metadata takes longer than capturing it.
    """
    if (label, distribution) in _checked:
        return
    _checked.add((label, distribution))
    try:
        found = version(distribution)
    except PackageNotFoundError:
        return
    if any(found == one or found.startswith(f"{one}.") for one in known):
        return
    warnings.warn(
        f"{label} {found} is installed; its capture was tried with {', '.join(known)} and uses private names, "
        "so a failure inside pytest_jobkit.capture may come from the version: please report it with this line",
        UntriedVersionWarning,
        stacklevel=2,
    )
