"""Built-in types without parts that JSON does not have: bytes, Decimal, dates and times, UUID, Path, range.

As ActiveJob's serialisers for decimals, dates, times, durations and ranges. Each value is stored as text or numbers
under a tag, and comes back equal and with the same type. Only exact types are taken: a subclass would come back as its
base. Modules that a program may never use (decimal, uuid, pathlib, zoneinfo) are not imported to know their types.
"""

from __future__ import annotations

import binascii
import sys
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from typing import Any, NamedTuple

from jobkit.serializers.json_types import JSON, TAG, check_int, check_text
from jobkit.serializers.unsupported import Unsupported


class Scalar(NamedTuple):
    """How one type is stored: `encode` gives the members beside the tag, `decode` reads them."""

    tag: str
    encode: Callable[[Any], dict[str, JSON]]
    decode: Callable[[dict[str, Any]], object]


def scalar_for(cls: type) -> Scalar | None:
    """How values of exactly this class are stored, or None; freezegun's fakes count as what they stand for."""
    found = _BY_TYPE.get(cls) or _BY_NAME.get(f"{cls.__module__}.{cls.__qualname__}")
    if found is None and str(cls.__module__).startswith("freezegun."):
        return next((_BY_TYPE[base] for base in cls.__mro__ if base in _BY_TYPE), None)
    return found


def encode_scalar(scalar: Scalar, value: object) -> dict[str, JSON]:
    """The tagged object for a value."""
    return {TAG: scalar.tag, **scalar.encode(value)}


def _zone_members(value: datetime | time) -> dict[str, JSON]:
    """The name of a time's zone, as ActiveJob's time-with-zone; a fixed offset is part of the text already."""
    zone: Any = value.tzinfo
    members: dict[str, JSON] = {"fold": 1} if value.fold else {}
    zoneinfo = sys.modules.get("zoneinfo")
    if zoneinfo is not None and type(zone) is zoneinfo.ZoneInfo and zone.key is not None:
        members["zone"] = zone.key
    elif zone is not None and type(zone) is not timezone and value.utcoffset() is None:
        raise Unsupported(
            f"a {type(value).__name__} with a {type(zone).__qualname__} as its tzinfo,", "Use a zoneinfo.ZoneInfo"
        )
    return members


def _zone_of(members: dict[str, Any], value: datetime | time) -> tzinfo | None:
    if "zone" not in members:
        return value.tzinfo
    from zoneinfo import ZoneInfo

    return ZoneInfo(members["zone"])


def _encode_datetime(value: datetime) -> dict[str, JSON]:
    return {"value": value.isoformat(), **_zone_members(value)}


def _decode_datetime(members: dict[str, Any]) -> datetime:
    value = datetime.fromisoformat(members["value"])
    # The wall-clock time stays as it was written, in gaps and folds too: only so is it equal to the one passed.
    return value.replace(tzinfo=_zone_of(members, value), fold=members.get("fold", 0))


def _encode_time(value: time) -> dict[str, JSON]:
    return {"value": value.isoformat(), **_zone_members(value)}


def _decode_time(members: dict[str, Any]) -> time:
    value = time.fromisoformat(members["value"])
    return value.replace(tzinfo=_zone_of(members, value), fold=members.get("fold", 0))


def _decode_decimal(members: dict[str, Any]) -> object:
    from decimal import Decimal

    return Decimal(members["value"])


def _decode_uuid(members: dict[str, Any]) -> object:
    from uuid import UUID

    return UUID(members["value"])


def _decode_path(members: dict[str, Any]) -> object:
    import pathlib

    return getattr(pathlib, members["class"])(members["value"])


def _path(class_name: str) -> Scalar:
    return Scalar("path", lambda value: {"value": check_text(str(value)), "class": class_name}, _decode_path)


def _encode_range(value: range) -> dict[str, JSON]:
    return {"value": [check_int(end) for end in (value.start, value.stop, value.step)]}


_BY_TYPE: dict[type, Scalar] = {
    bytes: Scalar(
        "bytes",
        lambda value: {"value": binascii.b2a_base64(value, newline=False).decode()},
        lambda members: binascii.a2b_base64(members["value"]),
    ),
    date: Scalar(
        "date", lambda value: {"value": value.isoformat()}, lambda members: date.fromisoformat(members["value"])
    ),
    datetime: Scalar("datetime", _encode_datetime, _decode_datetime),
    time: Scalar("time", _encode_time, _decode_time),
    timedelta: Scalar(
        "timedelta",
        lambda value: {"value": [value.days, value.seconds, value.microseconds]},
        lambda members: timedelta(*members["value"]),
    ),
    range: Scalar("range", _encode_range, lambda members: range(*members["value"])),
}

_UUID = Scalar("uuid", lambda value: {"value": str(value)}, _decode_uuid)
_DECIMAL = Scalar("decimal", lambda value: {"value": str(value)}, _decode_decimal)

_BY_NAME: dict[str, Scalar] = {
    "decimal.Decimal": _DECIMAL,
    "uuid.UUID": _UUID,
    # Python 3.13 alone defines the path classes in pathlib._local. A Path is one of the platform that decodes it.
    **{
        f"{module}.{name}": _path("Path" if not name.startswith("Pure") else name)
        for module in ("pathlib", "pathlib._local")
        for name in ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath")
    },
}

#: the scalars by their tags, for decoding
SCALARS: dict[str, Scalar] = {scalar.tag: scalar for scalar in (*_BY_TYPE.values(), *_BY_NAME.values())}
