"""References: an argument that is a record travels as its key, and is fetched again where the job runs.

As ActiveJob's GlobalID. The job therefore sees the record as it is when the job runs, each attempt sees a new object,
and a record that is gone in the meantime is a `RecordNotFound`, which a job can retry on or discard on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from jobkit.errors import ConfigError, DeserializationError
from jobkit.serializers import orm_django, orm_sqlalchemy
from jobkit.serializers.class_names import class_named, plain_name
from jobkit.serializers.record_errors import gone, unsaved

T = TypeVar("T")


class _Reference(NamedTuple):
    type: type
    name: str
    to_key: Callable[[Any], object]
    from_key: Callable[[Any], object]


_by_type: dict[type, _Reference] = {}
_by_name: dict[str, _Reference] = {}


def register_reference(
    type: type[T], to_key: Callable[[T], object], from_key: Callable[[Any], T | None], *, name: str | None = None
) -> None:
    """Stores values of `type` by their key, and fetches them again at execution, as ActiveJob's GlobalID.

    Django model instances and SQLAlchemy instances need no registration; one made for such a class has precedence.

    Args:
        type: the class; a subclass uses the registration of its nearest base.
        to_key: gives the key of a value, anything that can be an argument itself; None means that it has no key yet,
            and enqueueing it raises `SerializationError`.
        from_key: fetches the value; None, or a ``LookupError``, means that it is gone (`RecordNotFound`).
        name: how stored references name the type; by default the class's module and name. Keep it when the class moves.

    Raises:
        ConfigError: if another type has the name.
    """
    tag = name or plain_name(type)
    owner = _by_name.get(tag)
    if owner is not None and plain_name(owner.type) != plain_name(type):
        raise ConfigError(f"the reference name {tag!r} is taken by {plain_name(owner.type)}: choose another name=.")
    if owner is not None:
        _by_type.pop(owner.type, None)
    _by_type[type] = _by_name[tag] = _Reference(type, tag, to_key, from_key)


def reference_members(value: object) -> dict[str, Any] | None:
    """What a reference to the value stores beside its tag, the key not yet encoded; None if it is no record.

    Raises:
        Unsupported: for a record that has no key, most often because it was not saved.
    """
    if _by_type:
        for base in type(value).__mro__:
            if base in _by_type:
                return _registered_members(_by_type[base], value)
    return orm_django.reference_members(value) or orm_sqlalchemy.reference_members(value)


def _registered_members(reference: _Reference, value: object) -> dict[str, Any]:
    key = reference.to_key(value)
    if key is None:
        raise unsaved(type(value).__qualname__, "which has no key (to_key gave None)")
    return {"source": "registered", "class": reference.name, "key": key}


class Fetcher:
    """Fetches the records of one job's arguments: all of SQLAlchemy's from one session."""

    def __init__(self) -> None:
        self._session: Any = None

    def fetch(self, members: dict[str, Any]) -> object:
        """The record that a reference names; its key is decoded already.

        Raises:
            RecordNotFound: if it is gone.
            DeserializationError: if this process cannot look for it.
        """
        source = members["source"]
        if source == "django":
            return orm_django.fetch(members)
        if source == "sqlalchemy":
            if self._session is None:
                self._session = orm_sqlalchemy.session_for(members["class"])
            return orm_sqlalchemy.fetch(members, self._session)
        return _fetch_registered(members["class"], members["key"])


def _fetch_registered(name: str, key: object) -> object:
    if name not in _by_name and ":" in name:
        class_named(name)  # its module may hold the registration
    reference = _by_name.get(name)
    if reference is None:
        raise DeserializationError(
            f"an argument refers to {name} by key, but no such reference is registered in this process. "
            "Import the module that calls register_reference() where the worker starts."
        )
    try:
        found = reference.from_key(key)
    except LookupError as error:
        raise gone(name, key) from error
    if found is None:
        raise gone(name, key)
    return found
