"""Classes by name, ``"shop.orders:Order.Line"``: how a class travels, and how the worker finds it again."""

from __future__ import annotations

import importlib
import sys
from functools import reduce

from jobkit.errors import DeserializationError
from jobkit.serializers.unsupported import Unsupported


def qualified_name(cls: type) -> str:
    """The name under which any process can import the class.

    Raises:
        Unsupported: for a local class, and for one whose name leads elsewhere. ActiveJob refuses an anonymous class.
    """
    name = plain_name(cls)
    if "<" in name:
        raise Unsupported(
            f"{name}, a local class, which another process cannot import,",
            "Define the class at the top level of a module",
        )
    module, _, path = name.partition(":")
    found: object = sys.modules.get(module)
    for part in path.split("."):
        found = getattr(found, part, None)
    if found is not cls:
        raise Unsupported(
            f"{name}, a class that is not found under its name,",
            f"Make {path} of the module {module} name this very class (a decorator or a reload may have replaced it)",
        )
    return name


def plain_name(cls: type) -> str:
    """The class's module and name, importable or not."""
    return f"{cls.__module__}:{cls.__qualname__}"


def class_named(name: str) -> type:
    """The class that `qualified_name` named.

    Raises:
        DeserializationError: if this process has no such class; the import's own error is the cause.
    """
    module, _, path = name.partition(":")
    try:
        found: object = reduce(getattr, path.split("."), importlib.import_module(module))
    except (ImportError, AttributeError) as error:
        raise DeserializationError(
            f"the class {name} is wanted for an argument, but this process has none ({error}). "
            "Deploy the class to the workers, or keep it under its old name until the queue has drained."
        ) from error
    if not isinstance(found, type):
        raise DeserializationError(f"{name} is wanted as a class for an argument, but it is {found!r}.")
    return found
