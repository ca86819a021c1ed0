"""Which Python values hold state that can be put back, and which hold none at all."""

from __future__ import annotations

import logging
import re
import threading
import types
import weakref
from datetime import date, time, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePath
from typing import Any
from uuid import UUID

_EXACT = {
    int, str, float, bool, type(None), bytes, complex, Decimal, Fraction, UUID, range, type(...), type(NotImplemented),
    object, re.Pattern, types.ModuleType, types.BuiltinFunctionType, types.CodeType, types.MappingProxyType,
}  # fmt: skip
# A logger, a lock or a weak reference is memory of the process, not of the world.
_WITH_SUBCLASSES = (
    type, date, time, timedelta, tzinfo, Enum, PurePath, logging.Logger, weakref.ref, types.ModuleType, threading.local,
    type(threading.Lock()), type(threading.RLock()), BaseException, types.CoroutineType,
)  # fmt: skip
#: by type: True for one whose things are all atoms
KNOWN: dict[type, bool] = dict.fromkeys(_EXACT, True)


def is_atom(kind: type, thing: Any) -> bool:
    """Whether things of this type hold no state of the world that could change."""
    known = KNOWN.get(kind)
    if known is None:
        known = KNOWN[kind] = (
            issubclass(kind, _WITH_SUBCLASSES)
            or (issubclass(kind, str | int | float | bytes) and not hasattr(thing, "__dict__"))
            or kind.__module__.startswith("_pytest.")
        )
    if known:
        return True
    if kind is types.FunctionType:
        return thing.__closure__ is None
    if kind in (tuple, frozenset):
        return all(is_atom(type(part), part) for part in thing)
    return False


_PLAIN: dict[type, bool] = {}


def is_plain_object(thing: object) -> bool:
    """Whether attributes are all that there is to an object: not so for sockets, cursors, generators, mocks."""
    kind = type(thing)
    plain = _PLAIN.get(kind)
    if plain is None:
        plain = _PLAIN[kind] = _looks_plain(thing, kind)
    return plain


def _looks_plain(thing: object, kind: type) -> bool:
    if issubclass(kind, types.SimpleNamespace):
        return True
    if kind.__module__ in ("unittest.mock", "socket", "subprocess", "threading", "asyncio.events"):
        return False
    for method in (kind.__reduce__, kind.__reduce_ex__):
        if not isinstance(method, types.FunctionType) and method not in (object.__reduce__, object.__reduce_ex__):
            return False
    try:
        # Python itself knows which objects hold more than attributes: it refuses to pickle them.
        object.__reduce_ex__(thing, 2)
    except Exception:
        return False
    return True
