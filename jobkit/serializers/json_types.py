"""What JSON itself can carry unchanged: the types, the reserved key, and the scalars that only look like JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from math import isfinite
from typing import Any, TypeAlias

from jobkit.serializers.unsupported import Unsupported

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"

#: the key that marks a JSON object as a value of another type, as ActiveJob's ``_aj_serialized``
TAG = "_jobkit_type"

#: no dict among the arguments may have a key that begins so
RESERVED_PREFIX = "_jobkit_"

#: Python neither writes nor reads longer decimal numbers (``sys.set_int_max_str_digits``)
INT_DIGITS = 4300
INT_LIMIT = 10**INT_DIGITS
INT_FLOOR = -INT_LIMIT


def are_scalars(values: Iterable[Any]) -> bool:
    """Whether all values are scalars that JSON carries as they are: the test that most jobs need, and no more.

    Subclasses do not count, nor do the scalars that `check_int`, `check_float` and `check_text` look at.
    """
    for value in values:
        kind = type(value)
        if kind is int:
            if not INT_FLOOR < value < INT_LIMIT:
                return False
        elif kind is str:
            if not value.isascii():
                return False
        elif kind is not bool and value is not None and not (kind is float and isfinite(value)):
            return False
    return True


def check_int(value: int) -> int:
    """The int itself, unless it has more digits than Python reads back."""
    if INT_FLOOR < value < INT_LIMIT:
        return value
    raise Unsupported(f"an int of more than {INT_DIGITS} digits", "Pass it as text: hex(value)")


def check_float(value: float) -> float:
    """The float itself, unless JSON has no word for it."""
    if isfinite(value):
        return value
    raise Unsupported(f"the float {value!r}, which JSON does not have,", "Pass None, or a Decimal if the job needs it")


def check_text(value: str) -> str:
    """The text itself, unless it holds half a surrogate pair: databases and brokers take UTF-8, which has none."""
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Unsupported(
                "text with a lone surrogate, which is not Unicode text,", "Pass bytes: os.fsencode(value)"
            ) from None
    return value


def json_order(value: JSON) -> str:
    """A key that orders any JSON values, always in the same way."""
    return json.dumps(value, sort_keys=True)


def json_key(key: object) -> str | None:
    """The text that Python's JSON writes for a key of a dict, as it comes back; None if it takes no such key."""
    if isinstance(key, str):
        return str.__str__(key)
    if key is None:
        return "null"
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, int):
        return int.__repr__(key)
    return float.__repr__(key) if isinstance(key, float) else None
