"""Starts freezegun without a look through every module of the process, which it does at each start (10 to 25 ms).

The first start looks everywhere, as always, and what it replaced is remembered by module. A later one replaces that
again and lets freezegun look through modules that are new or have other names than before. freezegun itself puts
everything back at the end.
"""

from __future__ import annotations

import asyncio
import sys
import types
from typing import Any, NamedTuple


class _Replaced(NamedTuple):
    """One name in a module: what stood there, and what stands there while the time is frozen."""

    name: str
    real: Any
    fake: Any


class _Seen:
    """What earlier starts found in the modules of this process: the first entry is the module and its size."""

    def __init__(self) -> None:
        self._sizes: dict[str, tuple[int, int]] = {}
        self._replaced: dict[str, list[_Replaced]] = {}

    def changed(self) -> dict[str, Any]:
        """The modules that were never looked through, or have other names than then."""
        sizes = self._sizes
        changed = {}
        for name, module in list(sys.modules.items()):
            known = sizes.get(name)
            if known is None or known[0] != id(module) or known[1] != len(module.__dict__):
                changed[name] = module
        return changed

    def replace(self, freeze: Any, apart_from: dict[str, Any]) -> None:
        """Replace again what was replaced before, in all modules that have not changed."""
        for name, replaced in self._replaced.items():
            module = sys.modules.get(name)
            if module is None or name in apart_from:
                continue
            names = module.__dict__
            for one in replaced:
                if names.get(one.name) is one.real:
                    names[one.name] = one.fake
                    freeze.undo_changes.append((module, one.name, one.real))

    def note(self, looked_through: dict[str, Any], undo: list[tuple[Any, str, Any]]) -> None:
        """Remember what freezegun has found in these modules."""
        found: dict[int, list[_Replaced]] = {}
        for owner, name, real in undo:
            found.setdefault(id(owner), []).append(_Replaced(name, real, getattr(owner, name)))
        for name, module in looked_through.items():
            self._replaced.pop(name, None)
            names = getattr(module, "__dict__", None)
            if names is None:
                continue  # looked through each time
            self._sizes[name] = (id(module), len(names))
            if id(module) in found:
                self._replaced[name] = found[id(module)]


_seen = _Seen()


def start_quickly(freeze: Any) -> Any:
    """Start `freeze`, made by ``freezegun.freeze_time``; returns the factory by which its time is moved.

    Event loops go on by real time: with a frozen clock ``asyncio.sleep`` would never end.
    """
    from freezegun import api as module

    api: Any = module

    if api.freeze_factories:
        return freeze.start()  # the time is frozen already, so freezegun looks through nothing
    before = set(sys.modules)
    changed = _seen.changed()
    real = api.sys
    # freezegun asks for sys.modules and nothing else of sys while it starts.
    api.sys = types.SimpleNamespace(modules=changed)
    try:
        factory = freeze.start()
    finally:
        api.sys = real
    _seen.note(changed, freeze.undo_changes)
    _seen.replace(freeze, changed)
    # What is imported while the time is frozen is looked through at the end.
    freeze.modules_at_start = before
    for loop in _loops(asyncio.BaseEventLoop):
        freeze.undo_changes.append((loop, "time", loop.time))
        loop.time = lambda self: api.real_monotonic()
    return factory


def _loops(base: Any) -> list[Any]:
    """The classes of event loops with the clock of asyncio in them: freezegun's own ``real_asyncio`` leaves copies."""
    found, classes = [base], [base]
    for one in classes:
        classes += one.__subclasses__()
        if one is not base and one.__dict__.get("time") is base.time:
            found.append(one)
    return found
