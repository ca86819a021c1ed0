"""The arguments of a job, to JSON at enqueue and back where the job runs.

As ActiveJob's argument serialisation, with positional and keyword arguments apart. Encoding happens at enqueue, so
that an argument that cannot travel fails there, where it was passed; decoding happens inside the job's error
handlers, so that ``discard_on(RecordNotFound)`` can deal with a record that is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jobkit.errors import DeserializationError, SerializationError
from jobkit.serializers.audit import audit_arguments
from jobkit.serializers.decode import decode_value
from jobkit.serializers.encode import encode_value
from jobkit.serializers.json_types import JSON, are_scalars
from jobkit.serializers.references import Fetcher
from jobkit.serializers.unsupported import Unsupported, argument_path, kwargument_path

#: how many changes the message of a strict job lists
_SHOWN = 5


def encode_arguments(
    args: Sequence[object], kwargs: Mapping[str, object], *, strict: bool = False
) -> tuple[list[JSON], dict[str, JSON]]:
    """The arguments as JSON-safe values that share nothing with them.

    Args:
        args: the positional arguments; their paths are ``arguments[0]``, ``arguments[1]``, ...
        kwargs: the keyword arguments; their paths are ``kwarguments["name"]``.
        strict: allow exact JSON types alone, as Sidekiq's strict arguments: nothing arrives changed on any wire.

    Raises:
        SerializationError: names the path to the value, what it is and what to pass instead.
    """
    if are_scalars(args) and (not kwargs or are_scalars(kwargs.values())):
        plain: tuple[list[Any], dict[str, Any]] = ([*args], {**kwargs})
        return plain
    if strict:
        _refuse_changes(args, kwargs)
    return (
        [_encode(value, argument_path(index)) for index, value in enumerate(args)],
        {str.__str__(name): _encode(value, kwargument_path(name)) for name, value in kwargs.items()},
    )


def _encode(value: object, path: str) -> JSON:
    try:
        return encode_value(value)
    except Unsupported as error:
        raise SerializationError(error.message(path)) from None


def _refuse_changes(args: Sequence[object], kwargs: Mapping[str, object]) -> None:
    changes = audit_arguments(args, kwargs)
    if changes:
        lines = [f"  {change}" for change in changes[:_SHOWN]]
        if len(changes) > _SHOWN:
            lines.append(f"  and {len(changes) - _SHOWN} more")
        raise SerializationError(
            "a job with strict arguments takes exact JSON types alone "
            "(None, bool, int, float, str, list, dict with str keys):\n" + "\n".join(lines)
        )


def decode_arguments(args: list[Any], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """The arguments that `encode_arguments` was given; records are fetched again.

    What needs no decoding is given back as it is: it was read from a message for this one call.

    Raises:
        RecordNotFound: if a record that an argument refers to is gone.
        DeserializationError: for any other failure, which is its ``__cause__``; a note names the argument.
    """
    if _need_no_decoding(args) and (not kwargs or _need_no_decoding(kwargs.values())):
        return args, kwargs
    fetcher = Fetcher()
    return (
        [_decode(value, argument_path(index), fetcher) for index, value in enumerate(args)],
        {name: _decode(value, kwargument_path(name), fetcher) for name, value in kwargs.items()},
    )


def _need_no_decoding(values: Iterable[object]) -> bool:
    for value in values:
        kind = type(value)
        if kind is list or kind is dict:
            return False
    return True


def _decode(value: Any, path: str, fetcher: Fetcher) -> Any:
    try:
        return decode_value(value, fetcher)
    except DeserializationError as error:
        error.add_note(f"The argument is {path}.")
        raise
    except Exception as error:
        raise DeserializationError(
            f"{path} cannot be turned back into a value ({type(error).__name__}: {error}). "
            "What was stored does not fit the code or the data of this process."
        ) from error
