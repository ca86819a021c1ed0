"""The classes below a class: a framework's brokers, queues and back ends, and the application's own kinds of them."""

from __future__ import annotations

from typing import Any


def all_subclasses(kind: type[Any]) -> list[type[Any]]:
    """Every class below `kind` that is defined by now, at any depth."""
    found = kind.__subclasses__()
    return [*found, *(below for one in found for below in all_subclasses(one))]
