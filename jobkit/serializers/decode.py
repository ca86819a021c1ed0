"""JSON back into values: always new objects, records fetched again."""

from __future__ import annotations

from dataclasses import MISSING, fields
from enum import Enum
from typing import Any

from jobkit.errors import DeserializationError
from jobkit.serializers.class_names import class_named
from jobkit.serializers.json_types import TAG
from jobkit.serializers.references import Fetcher
from jobkit.serializers.registered import serializer_named
from jobkit.serializers.scalars import SCALARS


def decode_value(value: Any, fetcher: Fetcher) -> Any:
    """The value that `encode_value` was given, as a new object.

    Raises:
        RecordNotFound: if a record that is referred to is gone.
        DeserializationError: if the stored value does not fit the code of this process.
        Exception: whatever a type's own decoding raises.
    """
    kind = type(value)
    if kind is list:
        return [decode_value(item, fetcher) for item in value]
    if kind is dict:
        if TAG in value:
            return _decode_tagged(value[TAG], value, fetcher)
        return {key: decode_value(item, fetcher) for key, item in value.items()}
    return value


def _decode_tagged(tag: str, members: dict[str, Any], fetcher: Fetcher) -> object:
    if tag == "reference":
        return fetcher.fetch({**members, "key": decode_value(members["key"], fetcher)})
    serializer = serializer_named(tag)
    if serializer is not None:
        return serializer.from_json(decode_value(members["value"], fetcher))
    if tag in SCALARS:
        return SCALARS[tag].decode(members)
    if tag == "tuple":
        return tuple([decode_value(item, fetcher) for item in members["value"]])
    if tag == "set":
        return {decode_value(item, fetcher) for item in members["value"]}
    if tag == "frozenset":
        return frozenset([decode_value(item, fetcher) for item in members["value"]])
    if tag == "class":
        return class_named(members["value"])
    if tag in ("enum", "flag"):
        return _decode_enum(tag, members)
    if tag == "named_tuple":
        return _decode_named_tuple(members, fetcher)
    if tag == "dataclass":
        return _decode_dataclass(members, fetcher)
    return _decode_by_unknown(tag, members, fetcher)


def _decode_by_unknown(tag: str, members: dict[str, Any], fetcher: Fetcher) -> object:
    """A serialiser that nobody has registered here: importing the module of its type may do so."""
    if ":" in tag:
        class_named(tag)
    serializer = serializer_named(tag)
    if serializer is None:
        raise DeserializationError(
            f"an argument was stored by the serializer {tag!r}, but no such serializer is registered in this process. "
            "Import the module that calls register_serializer() where the worker starts."
        )
    return serializer.from_json(decode_value(members["value"], fetcher))


def _decode_enum(tag: str, members: dict[str, Any]) -> object:
    cls, stored = class_named(members["class"]), members["value"]
    if not issubclass(cls, Enum):
        raise _changed(members["class"], f"an argument was a member of it ({stored!r}), but it is no enum now")
    if tag == "flag":
        return cls(stored)
    if stored not in cls.__members__:
        raise _changed(members["class"], f"an argument was its member {stored}, which it no longer has")
    return cls[stored]


def _decode_named_tuple(members: dict[str, Any], fetcher: Fetcher) -> object:
    cls: Any = class_named(members["class"])
    values = [decode_value(item, fetcher) for item in members["value"]]
    if len(values) != len(getattr(cls, "_fields", ())):
        raise _changed(members["class"], f"an argument was a named tuple of it with {len(values)} fields")
    return cls._make(values)


def _decode_dataclass(members: dict[str, Any], fetcher: Fetcher) -> object:
    """As `copy` and `pickle` do: ``__init__`` is not run again, so that ``__post_init__`` changes nothing twice."""
    name = members["class"]
    cls: Any = class_named(name)
    if not hasattr(cls, "__dataclass_fields__"):
        raise _changed(name, "an argument was an instance of it, but it is no dataclass now")
    values = {key: decode_value(item, fetcher) for key, item in members["value"].items()}
    instance = object.__new__(cls)
    for field in fields(cls):
        if field.name in values:
            stored = values.pop(field.name)
        elif field.default is not MISSING:
            stored = field.default
        elif field.default_factory is not MISSING:
            stored = field.default_factory()
        elif field.init:
            raise _changed(name, f"an argument was stored without its field {field.name}, which has no default")
        else:
            continue
        object.__setattr__(instance, field.name, stored)
    if values:
        raise _changed(name, f"an argument was stored with fields that it no longer has ({', '.join(values)})")
    return instance


def _changed(name: str, what: str) -> DeserializationError:
    return DeserializationError(
        f"{name} has changed since the job was enqueued: {what}. "
        "Keep the old form until the queue has drained, or store an id instead."
    )
