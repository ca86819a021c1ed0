"""What comes back is equal to what was passed, has its type, and shares nothing with it (spec A.3)."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, Flag, IntEnum, StrEnum
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from jobkit.serializers import audit_round_trip, decode_arguments, encode_arguments


class Colour(Enum):
    RED = (255, 0, 0)
    BLUE = (0, 0, 255)


class Size(IntEnum):
    SMALL = 1
    LARGE = 2


class Status(StrEnum):
    PAID = "paid"
    OPEN = "open"


class Rights(Flag):
    READ = 1
    WRITE = 2


class Point(NamedTuple):
    x: int
    y: Any = None


@dataclass
class Line:
    sku: str
    options: Any = None
    tags: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Order:
    id: int
    lines: tuple[Line, ...] = ()
    total: Decimal = field(init=False, default=Decimal("0.00"))


def travelled(value: object) -> Any:
    """The value after a queue: encoded, written as JSON text, read and decoded."""
    args, kwargs = json.loads(json.dumps(encode_arguments([value], {"named": value}), allow_nan=False))
    decoded_args, decoded_kwargs = decode_arguments(args, kwargs)
    assert type(decoded_args[0]) is type(decoded_kwargs["named"])
    return decoded_args[0]


def assert_same(passed: Any, arrived: Any) -> None:
    assert type(arrived) is type(passed)
    assert arrived == passed
    if isinstance(passed, list | tuple):
        for item, other in zip(passed, arrived, strict=True):
            assert_same(item, other)
    elif isinstance(passed, dict):
        for key in passed:
            assert_same(passed[key], arrived[key])
    elif isinstance(passed, float | datetime | time):
        assert repr(arrived) == repr(passed)
    elif isinstance(passed, Line):
        assert_same(passed.options, arrived.options)


texts = st.text(st.characters(exclude_categories=["Cs"]))
zones = st.one_of(
    st.none(),
    st.just(UTC),
    st.timezones(),
    st.builds(timezone, st.timedeltas(timedelta(hours=-23), timedelta(hours=23))),
)
hashable_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
    st.binary(),
    st.decimals(allow_nan=False),
    st.dates(),
    st.datetimes(timezones=zones, allow_imaginary=True),
    st.times(timezones=zones),
    st.timedeltas(),
    st.uuids(),
    st.builds(range, st.integers(), st.integers(), st.integers(min_value=1)),
    st.sampled_from([*Colour, *Size, *Status, *Rights, Rights(0), Rights.READ | Rights.WRITE]),
    st.sampled_from([int, dict, Order, Colour, datetime, type(None).__class__]),
    st.builds(PurePosixPath, st.text("ab/. ")),
    # not the few, such as "//.//", that pathlib itself does not read back from their text
    st.builds(PureWindowsPath, st.text("ab\\. ")).filter(lambda path: PureWindowsPath(str(path)) == path),
    st.builds(Path, st.text("ab/. ")),
)
hashables = st.recursive(
    hashable_scalars,
    lambda inner: st.one_of(st.lists(inner).map(tuple), st.frozensets(inner), st.builds(Point, st.integers(), inner)),
    max_leaves=5,
)
values = st.recursive(
    hashables,
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.sets(hashables),
        st.dictionaries(texts.filter(lambda key: not key.startswith("_jobkit_")), inner),
        st.builds(Line, texts, inner, st.sets(texts)),
        st.builds(Order, st.integers(), st.lists(st.builds(Line, texts, inner)).map(tuple)),
        st.builds(Point, st.integers(), inner),
    ),
    max_leaves=10,
)


@given(values)
def test_every_supported_value_comes_back_equal_and_with_its_type(value: object) -> None:
    arrived = travelled(value)

    assert_same(value, arrived)
    assert audit_round_trip([value], {}, [arrived], {}) == []


@given(st.lists(values, max_size=3), st.dictionaries(texts, values, max_size=2))
def test_the_number_and_the_names_of_arguments_are_kept(args: list[object], kwargs: dict[str, object]) -> None:
    encoded_args, encoded_kwargs = encode_arguments(args, kwargs)

    decoded_args, decoded_kwargs = decode_arguments(encoded_args, encoded_kwargs)

    assert decoded_args == args
    assert decoded_kwargs == kwargs


@given(values)
def test_decoding_twice_gives_two_values_that_share_no_container(value: object) -> None:
    encoded = encode_arguments([value], {})

    [first], _ = decode_arguments(*encoded)
    [second], _ = decode_arguments(*encoded)

    assert first == second == value
    assert not containers(first) & containers(second)
    assert not containers(first) & containers(value)


def containers(value: Any) -> set[int]:
    """The identities of all mutable containers in a value."""
    parts: list[Any] = []
    if isinstance(value, list | tuple):
        parts = list(value)
    elif isinstance(value, dict):
        parts = list(value.values())
    elif isinstance(value, Line):
        parts = [value.options, value.tags]
    found = {id(value)} if isinstance(value, list | dict | set | Line) else set()
    return found.union(*map(containers, parts))


def test_an_encoded_list_is_a_copy_so_a_later_change_of_the_original_does_not_reach_the_queue() -> None:
    items = [1, {"sku": "a"}]
    encoded, _ = encode_arguments([items], {})

    items.append(2)
    items[1]["sku"] = "b"  # type: ignore[index]  # the second item is a dict

    assert encoded == [[1, {"sku": "a"}]]


def test_a_subclass_of_str_becomes_a_plain_str_as_in_activejob() -> None:
    class Sku(str):
        __slots__ = ()

        def __str__(self) -> str:
            return "shown differently"

    assert type(travelled(Sku("A-1"))) is str
    assert travelled(Sku("A-1")) == "A-1"
    assert travelled({Sku("key"): 1}) == {"key": 1}


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-0", "1E+5", "1.10"])
def test_a_decimal_keeps_its_exact_form(text: str) -> None:
    assert str(travelled(Decimal(text))) == text


def test_a_zone_comes_back_as_the_zone_and_not_as_an_offset() -> None:
    evening = datetime(2024, 3, 30, 18, tzinfo=ZoneInfo("Europe/Berlin"))

    arrived = travelled(evening)

    assert arrived.tzinfo is evening.tzinfo
    assert (arrived + timedelta(days=1)).utcoffset() == timedelta(hours=2)


def test_the_second_of_two_equal_wall_clock_times_stays_the_second() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    second = datetime(2024, 10, 27, 2, 30, tzinfo=berlin, fold=1)

    assert travelled(second).timestamp() == second.timestamp()
    assert travelled(time(2, 30, fold=1)).fold == 1


def test_dates_of_a_frozen_clock_are_taken_as_dates() -> None:
    with freeze_time("2024-02-29 12:00:00"):
        now, today = datetime.now(), date.today()  # noqa: DTZ005, DTZ011 - naive ones are the case here

        assert travelled(now) == now
        assert travelled([today]) == [today]
    assert travelled(now) == datetime(2024, 2, 29, 12)  # noqa: DTZ001 - as above


def test_a_set_is_written_in_the_same_order_by_every_process() -> None:
    program = "from jobkit.serializers import encode_arguments as e; print(e([{'a', 'b', 'c', 'd', 1, None}], {}))"

    written = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2", "3")
    }

    assert len(written) == 1


def test_the_stored_form_is_an_object_with_a_tag() -> None:
    args, kwargs = encode_arguments([(1, "a"), date(2024, 2, 29)], {"id": 5, "size": Size.LARGE})

    assert args == [
        {"_jobkit_type": "tuple", "value": [1, "a"]},
        {"_jobkit_type": "date", "value": "2024-02-29"},
    ]
    assert kwargs == {"id": 5, "size": {"_jobkit_type": "enum", "class": f"{__name__}:Size", "value": "LARGE"}}
