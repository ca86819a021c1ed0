"""Job classes by the name that messages carry."""

from __future__ import annotations

import difflib
import importlib
from typing import TYPE_CHECKING

from jobkit.errors import UnknownJobError

if TYPE_CHECKING:
    from jobkit.job import Job

_classes: dict[str, type[Job]] = {}


def register(name: str, job_class: type[Job]) -> None:
    """Let messages named `name` find `job_class`; a class defined again takes the name over."""
    _classes[name] = job_class


def find_job_class(name: str) -> type[Job]:
    """The job class of a message; its module is imported if it is not yet.

    Raises:
        UnknownJobError: there is none of that name; names the nearest one.
    """
    found = _classes.get(name)
    if found is None:
        module, _, _ = name.rpartition(".")
        if "<locals>" not in name and _import(module):
            found = _classes.get(name)
    if found is None:
        near = difflib.get_close_matches(name, _classes, n=1)
        hint = f"; the nearest known is {near[0]!r}" if near else ""
        raise UnknownJobError(
            f"no job class {name!r} in this process{hint}. Import its module where the worker starts, or keep a "
            "class of the old name until its last message is gone"
        )
    return found


def _import(module: str) -> bool:
    """Import `module` or, for a nested class, the longest part of it that is a module."""
    while module:
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name is None or not (module == error.name or module.startswith(f"{error.name}.")):
                raise
            module = module.rpartition(".")[0]
        else:
            return True
    return False


def find_job_named(name: str) -> type[Job]:
    """The job class that a person names in a file: its full name, or the end of it if that is clear.

    Raises:
        UnknownJobError: there is none of that name, or there are several.
    """
    if name in _classes:
        return _classes[name]
    found = [known for known in _classes if known.endswith(f".{name.replace('::', '.')}")]
    if len(found) > 1:
        raise UnknownJobError(f"{name!r} may be {' or '.join(sorted(found))}; give the full name")
    return _classes[found[0]] if found else find_job_class(name)
