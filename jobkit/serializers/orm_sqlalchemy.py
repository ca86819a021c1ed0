"""SQLAlchemy instances as references: by their class and identity, fetched from the session that the user provides."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from jobkit.errors import DeserializationError
from jobkit.serializers.class_names import class_named, qualified_name
from jobkit.serializers.record_errors import gone, unsaved

_session_factory: Callable[[], Any] | None = None


def configure_sqlalchemy(session_factory: Callable[[], Any] | None) -> None:
    """Says where jobs get their SQLAlchemy instances from: a `scoped_session`, or any callable that gives a session.

    It is called once for the arguments of a job that refers to SQLAlchemy instances, each time they are decoded.
    jobkit neither commits nor closes the session: a worker that uses a `scoped_session` calls its ``remove()`` after
    the job. A plain ``sessionmaker`` works for columns that are loaded at once, but nobody holds its session, and an
    instance whose session is gone loads nothing more.

    Args:
        session_factory: the callable; None takes the provider away.
    """
    global _session_factory
    _session_factory = session_factory


def reference_members(value: object) -> dict[str, Any] | None:
    """What names the record; None if the value is no mapped instance. SQLAlchemy is never imported for it.

    Raises:
        Unsupported: for an instance without an identity in the database, and for one of a local class.
    """
    sqlalchemy: Any = sys.modules.get("sqlalchemy")
    cls = type(value)
    if sqlalchemy is None or getattr(cls, "__mapper__", None) is None:
        return None
    identity = sqlalchemy.inspect(value).identity
    if identity is None:
        raise unsaved(cls.__qualname__, "which the database does not have yet")
    return {"source": "sqlalchemy", "class": qualified_name(cls), "key": list(identity)}


def session_for(class_name: str) -> Any:
    """The session to fetch from.

    Raises:
        DeserializationError: if no provider is configured, or it gives an asynchronous session.
    """
    if _session_factory is None:
        raise DeserializationError(
            f"an argument refers to a row of {class_name}, but no session provider is configured in this process. "
            "Call jobkit.serializers.configure_sqlalchemy(session_factory) where the worker starts, "
            "for example with a scoped_session."
        )
    session = _session_factory()
    if hasattr(session, "sync_session"):
        raise DeserializationError(
            f"an argument refers to a row of {class_name}, but configure_sqlalchemy() has an asynchronous session, "
            "which cannot be asked while arguments are decoded. Pass the id and load the row in the job."
        )
    return session


def fetch(members: dict[str, Any], session: Any) -> object:
    """The record as the session has it.

    Raises:
        RecordNotFound: if the row is gone.
    """
    found = session.get(class_named(members["class"]), tuple(members["key"]))
    if found is None:
        raise gone(members["class"], members["key"] if len(members["key"]) > 1 else members["key"][0])
    return found
