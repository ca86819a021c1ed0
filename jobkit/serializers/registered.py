"""Serialisers that users register for types of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from jobkit.errors import ConfigError
from jobkit.serializers.class_names import plain_name
from jobkit.serializers.scalars import SCALARS

T = TypeVar("T")

#: the tags of structures and references, beside those of the built-in scalars
STRUCTURE_TAGS = frozenset(
    {"tuple", "set", "frozenset", "named_tuple", "dataclass", "enum", "flag", "class", "reference"}
)

_JSON_TYPES = (type(None), bool, int, float, str, list, dict)


class Serializer(NamedTuple):
    """A registered type and its two directions."""

    type: type
    name: str
    to_json: Callable[[Any], object]
    from_json: Callable[[Any], object]


_by_type: dict[type, Serializer] = {}
_by_name: dict[str, Serializer] = {}


def register_serializer(
    type: type[T], to_json: Callable[[T], object], from_json: Callable[[Any], T], *, name: str | None = None
) -> None:
    """Teaches jobkit to store values of `type` as arguments of jobs, as ActiveJob's custom serialisers.

    A value is stored by the serialiser of its exact class if there is one, otherwise by the first registered one
    whose type is a base of its class, so register a serialiser for a whole family after those for parts of it.
    A reference to a record (`register_reference`, an ORM) goes before any serialiser.

    Args:
        type: the class; its subclasses are accepted as well.
        to_json: gives what is stored; it may contain anything that can be an argument itself.
        from_json: builds the value from what `to_json` gave.
        name: how stored values name the serialiser; by default the class's module and name. Jobs that wait in a queue
            are decoded by it: keep it when the class moves.

    Raises:
        ConfigError: if `type` is one of JSON's own, or another type has the name.
    """
    if type in _JSON_TYPES:
        raise ConfigError(f"{type.__name__} is a type of JSON itself: it is stored as it is and takes no serializer.")
    tag = name or plain_name(type)
    owner = _by_name.get(tag)
    if tag in STRUCTURE_TAGS or tag in SCALARS:
        raise ConfigError(f"the serializer name {tag!r} is one of jobkit's own: choose another name=.")
    if owner is not None and plain_name(owner.type) != plain_name(type):
        raise ConfigError(f"the serializer name {tag!r} is taken by {plain_name(owner.type)}: choose another name=.")
    if owner is not None:
        _by_type.pop(owner.type, None)
    _by_type[type] = _by_name[tag] = Serializer(type, tag, to_json, from_json)


def serializer_of_class(cls: type) -> Serializer | None:
    """The serialiser registered for exactly this class."""
    return _by_type.get(cls)


def serializer_accepting(value: object) -> Serializer | None:
    """The first registered serialiser whose type is a base of the value's class.

    The class is asked and not the value: a proxy outside its context raises, and a mock with a spec lies.
    """
    cls = type(value)
    for serializer in _by_type.values():
        if issubclass(cls, serializer.type):
            return serializer
    return None


def serializer_named(name: str) -> Serializer | None:
    """The serialiser that stored a value under `name`."""
    return _by_name.get(name)
