"""What a real wire changed: the arguments that were passed, against those that came back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jobkit.serializers.change import REFUSED, Change, ChangeKind
from jobkit.serializers.json_types import json_key
from jobkit.serializers.unsupported import argument_path, index_step, key_step, kwargument_path

_ADVICE = "Pass what arrives, and turn it back in the job"


def audit_round_trip(
    args: Sequence[object],
    kwargs: Mapping[str, object],
    received_args: Sequence[object],
    received_kwargs: Mapping[str, object],
) -> list[Change]:
    """Each argument that came back with another type or value than it was passed with.

    Unlike `audit_arguments` this foretells nothing: it is given what the job really received. Objects without an
    equality of their own are compared by type.
    """
    changes: list[Change] = []
    for index, value in enumerate(args):
        arrived = received_args[index] if index < len(received_args) else REFUSED
        changes += _compare(value, arrived, argument_path(index))
    for name, value in kwargs.items():
        changes += _compare(value, received_kwargs.get(name, REFUSED), kwargument_path(name))
    return changes


def _compare(passed: Any, arrived: Any, path: str) -> Iterator[Change]:
    if arrived is REFUSED:
        yield Change(path, ChangeKind.REFUSED, passed, REFUSED, "Pass JSON types alone")
        return
    if not _same_type(passed, arrived):
        yield Change(path, ChangeKind.TYPE, passed, arrived, _ADVICE)
    if isinstance(passed, dict) and isinstance(arrived, dict):
        yield from _compare_dicts(passed, arrived, path)
    elif isinstance(passed, list | tuple) and isinstance(arrived, list | tuple) and len(passed) == len(arrived):
        for index, (item, other) in enumerate(zip(passed, arrived, strict=True)):
            yield from _compare(item, other, path + index_step(index))
    elif _same_type(passed, arrived) and _is_comparable(passed) and passed != arrived:
        yield Change(path, ChangeKind.VALUE, passed, arrived, _ADVICE)


def _compare_dicts(passed: dict[Any, Any], arrived: dict[Any, Any], path: str) -> Iterator[Change]:
    keys = {key: key for key in arrived}
    for key, item in passed.items():
        place = path + key_step(key)
        found = keys.get(key, keys.get(json_key(key), REFUSED))
        if found is REFUSED:
            yield Change(place, ChangeKind.REFUSED, item, REFUSED, "Pass JSON types alone")
            continue
        if not _same_type(key, found):
            yield Change(place, ChangeKind.KEY, key, found, "Use str keys, and turn them back in the job")
        yield from _compare(item, arrived[found], place)


def _is_comparable(value: Any) -> bool:
    """Whether a difference says anything: not for objects equal to themselves alone, nor for a NaN."""
    has_equality = getattr(type(value), "__eq__", None) is not object.__eq__
    return has_equality and bool(value == value)


def _same_type(passed: object, arrived: object) -> bool:
    """Whether the types are the same; on a frozen clock freezegun's dates count as the real ones."""
    kinds = {type(passed), type(arrived)}
    if len(kinds) == 1:
        return True
    return any(str(kind.__module__).startswith("freezegun.") for kind in kinds) and (
        isinstance(passed, type(arrived)) or isinstance(arrived, type(passed))
    )
