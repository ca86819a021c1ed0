"""Values into JSON: the order of tests is that of ActiveJob's argument serialisation.

JSON's own types, then references to records, then registered serialisers, then the families of classes that Python
has and Ruby has not (enums, dataclasses, named tuples).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from enum import Enum, Flag
from typing import Any

from jobkit.serializers.class_names import qualified_name
from jobkit.serializers.culprits import describe
from jobkit.serializers.json_types import (
    JSON,
    RESERVED_PREFIX,
    TAG,
    check_float,
    check_int,
    check_text,
    json_order,
)
from jobkit.serializers.references import reference_members
from jobkit.serializers.registered import Serializer, serializer_accepting, serializer_of_class
from jobkit.serializers.scalars import encode_scalar, scalar_for
from jobkit.serializers.unsupported import (
    DEPTH_LIMIT,
    ELEMENT_STEP,
    TooDeep,
    Unsupported,
    field_step,
    index_step,
    key_step,
)

_MISSING = object()


def encode_value(value: Any, depth: int = 0) -> JSON:
    """The value as JSON that `decode_value` turns into an equal value of the same type.

    Raises:
        Unsupported: with the way to what cannot be stored.
    """
    kind = type(value)
    if kind is str:
        return check_text(value)
    if kind is int:
        return check_int(value)
    if kind is bool or value is None:
        return value  # type: ignore[no-any-return]  # narrowed to bool or None, which mypy cannot follow from kind
    if kind is float:
        return check_float(value)
    if depth >= DEPTH_LIMIT:
        raise TooDeep
    if kind is list:
        return _encode_items(value, value, depth)
    if kind is dict:
        return _encode_dict(value, depth)
    return _encode_tagged(value, kind, depth)


def _encode_items(items: Iterable[object], owner: object, depth: int, names: tuple[str, ...] = ()) -> list[JSON]:
    encoded: list[JSON] = []
    try:
        for item in items:
            encoded.append(encode_value(item, depth + 1))
    except Unsupported as error:
        place = len(encoded)
        error.inside(owner, field_step(names[place]) if names else index_step(place))
        raise
    return encoded


def _encode_dict(value: dict[Any, object], depth: int) -> dict[str, JSON]:
    encoded: dict[str, JSON] = {}
    for key, item in value.items():
        if type(key) is not str or not key.isascii() or key.startswith(RESERVED_PREFIX):
            key = _checked_key(key)
        try:
            encoded[key] = encode_value(item, depth + 1)
        except Unsupported as error:
            error.inside(value, key_step(key))
            raise
    return encoded


def _checked_key(key: object) -> str:
    """A key of a dict: text as ActiveJob wants it, a subclass of str as the plain text that it equals."""
    if not isinstance(key, str):
        raise Unsupported(f"a dict with the key {key!r}, which is no text,", "Use str keys, or pass a list of pairs")
    if key.startswith(RESERVED_PREFIX):
        raise Unsupported(
            f"a dict with the key {str(key)!r}", f"Keys that begin with {RESERVED_PREFIX!r} are reserved: rename it"
        )
    return check_text(str.__str__(key))


def _encode_tagged(value: Any, kind: type, depth: int) -> JSON:
    members = reference_members(value)
    if members is not None:
        return {TAG: "reference", **members, "key": _encode_part(value, members["key"], depth)}
    serializer = serializer_of_class(kind)
    if serializer is None:
        if kind is tuple:
            return {TAG: "tuple", "value": _encode_items(value, value, depth)}
        if kind is set or kind is frozenset:
            return _encode_set(value, depth)
        scalar = scalar_for(kind)
        if scalar is not None:
            return encode_scalar(scalar, value)
        serializer = serializer_accepting(value)
    if serializer is not None:
        return _encode_registered(serializer, value, depth)
    return _encode_by_family(value, kind, depth)


def _encode_registered(serializer: Serializer, value: object, depth: int) -> JSON:
    return {TAG: serializer.name, "value": _encode_part(value, serializer.to_json(value), depth)}


def _encode_part(owner: object, part: object, depth: int) -> JSON:
    """What stands for `owner`: a failure in it is reported at the owner's own path."""
    try:
        return encode_value(part, depth + 1)
    except Unsupported as error:
        error.inside(owner, "")
        raise


def _encode_set(value: set[object] | frozenset[object], depth: int) -> JSON:
    encoded: list[JSON] = []
    try:
        for element in value:
            encoded.append(encode_value(element, depth + 1))
    except Unsupported as error:
        error.inside(value, ELEMENT_STEP)
        raise
    # Hash order differs between processes; a message must not, since lock keys and histories are made of it.
    return {TAG: type(value).__name__, "value": sorted(encoded, key=json_order)}


def _encode_by_family(value: Any, kind: type, depth: int) -> JSON:
    if issubclass(kind, Flag):  # not isinstance: a proxy without a context raises when asked for its class
        return {TAG: "flag", "class": qualified_name(kind), "value": check_int(value.value)}
    if issubclass(kind, Enum):
        return {TAG: "enum", "class": qualified_name(kind), "value": check_text(value.name)}
    if issubclass(kind, str):
        return check_text(str.__str__(value))
    if issubclass(kind, type):
        return {TAG: "class", "value": qualified_name(value)}
    if issubclass(kind, tuple) and hasattr(kind, "_make") and isinstance(getattr(kind, "_fields", None), tuple):
        return {
            TAG: "named_tuple",
            "class": qualified_name(kind),
            "value": _encode_items(value, value, depth, value._fields),
        }
    if hasattr(kind, "__dataclass_fields__"):
        return _encode_dataclass(value, kind, depth)
    raise Unsupported(*describe(value))


def _encode_dataclass(value: Any, kind: type, depth: int) -> JSON:
    name = qualified_name(kind)
    try:
        object.__new__(kind)
    except TypeError:
        raise Unsupported(*describe(value)) from None
    present: Mapping[str, object] = {
        field.name: item for field in fields(value) if (item := getattr(value, field.name, _MISSING)) is not _MISSING
    }
    encoded: dict[str, JSON] = {}
    for field_name, item in present.items():
        try:
            encoded[field_name] = encode_value(item, depth + 1)
        except Unsupported as error:
            error.inside(value, field_step(field_name))
            raise
    return {TAG: "dataclass", "class": name, "value": encoded}
