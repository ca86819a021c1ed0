"""The serialisation audit: which arguments a plain JSON wire would change, and to what.

Celery, RQ with its JSON serialiser, Sidekiq and most others send plain JSON: a tuple comes back as a list, the key 1
as "1", an enum as its value. Code that compares, hashes or looks up such an argument then works in a test that calls
the job directly, and fails in production. `audit_arguments` foretells it from the values alone; Where
a real wire can be asked, `audit_round_trip` is the exact answer.

An int of any size and the float -0.0 are no change: Python's JSON brings them back as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from enum import Enum
from math import isfinite
from typing import Any

from jobkit.serializers.change import REFUSED, Change, ChangeKind
from jobkit.serializers.culprits import culprit
from jobkit.serializers.json_types import json_key
from jobkit.serializers.references import reference_members
from jobkit.serializers.scalars import scalar_for
from jobkit.serializers.unsupported import (
    DEPTH_LIMIT,
    Unsupported,
    argument_path,
    index_step,
    key_step,
    kwargument_path,
)


def audit_arguments(args: Sequence[object], kwargs: Mapping[str, object]) -> list[Change]:
    """What a plain JSON wire such as Sidekiq's or Celery's does to the arguments; empty if they arrive as they are.

    This is the rule of Sidekiq's strict arguments (exact JSON types alone), with what would arrive otherwise. Where
    Python's own ``json`` refuses a value that wires commonly turn into text (dates, UUID, Decimal) or into its value
    (enums), that is taken to arrive.
    """
    changes: list[Change] = []
    for index, value in enumerate(args):
        changes += _foresee(value, argument_path(index), ())
    for name, value in kwargs.items():
        changes += _foresee(value, kwargument_path(name), ())
    return changes


_JSON_SCALARS = (str, int, bool, type(None))

_PARSE = "Pass value.isoformat() and parse it in the job"

# Tag of a built-in scalar -> what to pass instead; its text is what arrives.
_TEXTUAL = {
    "date": _PARSE,
    "datetime": _PARSE,
    "time": _PARSE,
    "timedelta": "Pass value.total_seconds()",
    "decimal": "Pass str(value), or an amount as an int of the smallest unit",
    "uuid": "Pass str(value)",
    "path": "Pass str(value)",
}

# Base -> how a value of it looks when it arrives, what to pass instead. JSON writes subclasses as their base.
_PLAIN: dict[type, tuple[Callable[[Any], object], str]] = {
    str: (str.__str__, "Pass str(value)"),
    int: (int.__int__, "Pass int(value)"),
    float: (float.__float__, "Pass float(value)"),
    tuple: (list, "Pass list(value)"),
    list: (list, "Pass list(value)"),
    dict: (dict, "Pass dict(value)"),
}

_REFUSED_ADVICE: dict[type, str] = {
    set: "Pass sorted(value)",
    frozenset: "Pass sorted(value)",
    bytes: "Pass base64.b64encode(value).decode()",
    range: "Pass list(value), or its start and stop",
    type: "Pass its name",
}


def _foresee(value: Any, path: str, above: tuple[int, ...]) -> Iterator[Change]:
    kind = type(value)
    if kind in _JSON_SCALARS or (kind is float and isfinite(value)):
        return
    if kind is float:
        yield Change(path, ChangeKind.REFUSED, value, REFUSED, f"JSON has no {value!r}: pass None")
        return
    if id(value) in above or len(above) >= DEPTH_LIMIT:
        yield Change(path, ChangeKind.REFUSED, value, REFUSED, "It contains itself, or is nested too deep: pass ids")
        return
    if kind is not list and kind is not dict:
        yield _foresee_other(value, path)
    above = (*above, id(value))
    if issubclass(kind, list | tuple):
        for index, item in enumerate(value):
            yield from _foresee(item, path + index_step(index), above)
    elif issubclass(kind, dict):
        for key, item in value.items():
            yield from _foresee_key(key, path + key_step(key))
            yield from _foresee(item, path + key_step(key), above)


def _foresee_key(key: Any, path: str) -> Iterator[Change]:
    if type(key) is str:
        return
    text = json_key(key)
    if text is None:
        yield Change(path, ChangeKind.REFUSED, key, REFUSED, "JSON takes text alone as a key: use str keys")
    else:
        yield Change(path, ChangeKind.KEY, key, text, "Use str keys, and turn them back in the job")


def _foresee_other(value: Any, path: str) -> Change:
    cls = type(value)
    if issubclass(cls, Enum):
        arrives = value.value if type(value.value) in (*_JSON_SCALARS, float) else REFUSED
        return _becomes(path, value, arrives, "Pass value.name, and look the member up by it in the job")
    for base, (plain, advice) in _PLAIN.items():
        if issubclass(cls, base):
            return _becomes(path, value, plain(value), advice)
    scalar = scalar_for(cls)
    if scalar is not None and scalar.tag in _TEXTUAL:
        text = value.isoformat() if hasattr(value, "isoformat") else str(value)
        return _becomes(path, value, text, _TEXTUAL[scalar.tag])
    return _becomes(path, value, REFUSED, _advice(value))


def _advice(value: object) -> str:
    for base, advice in _REFUSED_ADVICE.items():
        if issubclass(type(value), base):
            return advice
    try:
        is_record = reference_members(value) is not None
    except Unsupported as unsaved:
        return unsaved.advice
    if is_record:
        return "Pass its id, and load it in the job"
    if is_dataclass(value):
        return "Pass dataclasses.asdict(value), and build it in the job"
    found = culprit(value)
    return found[1] if found else "Pass its id and load it in the job, or pass its data as a dict"


def _becomes(path: str, value: object, arrives: object, advice: str) -> Change:
    kind = ChangeKind.REFUSED if arrives is REFUSED else ChangeKind.TYPE
    return Change(path, kind, value, arrives, advice)
