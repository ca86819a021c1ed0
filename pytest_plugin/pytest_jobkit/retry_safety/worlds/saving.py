"""Saving and putting back a world that never heard of it.

The things of a world are found from what its factory yields and keeps in local variables. Plain data (lists, dicts,
sets, attributes of objects, variables shared by closures) is put back in place, so that a job's references stay valid.
Things that know how (``snapshot()`` and ``restore(saved)``) are asked; channels answer for their own things, as the
sqlite channel does for connections. Anything else is named as the reason why the world can only be made anew.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any

from pytest_jobkit.retry_safety.channels.base import Saver
from pytest_jobkit.retry_safety.worlds.picture import Picture


class Offered:
    """The saver of a thing that offers ``snapshot()`` and ``restore(saved)`` itself."""

    def __init__(self, thing: Any) -> None:
        self._thing = thing

    def save(self) -> Any:
        return self._thing.snapshot()

    def restore(self, saved: Any) -> None:
        self._thing.restore(saved)

    def key(self) -> Hashable:
        return key_of_value(self._thing.snapshot())


class Holdings:
    """Everything durable that can be reached from the roots of one world.

    Args:
        roots: names and things to start from.
        saver: asks the channels for the saver of a thing; None if the channels know nothing of its type.
        volatile: ways to data that does not make two states different: ``"gateway.calls"``, from the first root.

    Attributes:
        added: savers of stores that no thing of the world leads to.
    """

    def __init__(
        self, roots: Mapping[str, object], saver: Callable[[object], Saver | None], volatile: Iterable[str] = ()
    ) -> None:
        self._roots = dict(roots)
        self._volatile = set(filter(None, (_holder(next(iter(roots.values()), None), way) for way in volatile)))
        self._ask = saver
        self._without_saver: set[type] = set()
        self._savers: dict[int, tuple[object, Saver]] = {}  # the thing is kept, so that its id stays its own
        self.added: list[Saver] = []

    def look(self) -> Picture:
        """Look at everything once."""
        return Picture(self._roots, self._saver, self._volatile, self.added)

    def _saver(self, thing: object) -> Saver | None:
        kind = type(thing)
        if kind in self._without_saver:
            return None
        known = self._savers.get(id(thing))
        if known is not None:
            return known[1]
        if callable(getattr(kind, "snapshot", None)) and callable(getattr(kind, "restore", None)):
            saver: Saver | None = Offered(thing)
        else:
            saver = self._ask(thing)
        if saver is None:
            self._without_saver.add(kind)
            return None
        self._savers[id(thing)] = (thing, saver)
        return saver


def key_of_value(value: object) -> Hashable:
    """The identity of plain data by its content."""
    return Picture({"": value}, lambda _thing: None).key


def plain_data(name: str, value: object) -> dict[str, Hashable]:
    """Plain data by its name."""
    return Picture({name: value}, lambda _thing: None).fields()


def _holder(thing: object, way: str) -> tuple[int, str] | None:
    """The object that holds the attribute at the end of a way, and the attribute; None if the way leads nowhere."""
    *holders, last = way.split(".")
    for name in holders:
        thing = thing.get(name) if isinstance(thing, dict) else getattr(thing, name, None)
    return (id(thing), last) if hasattr(thing, last) else None
