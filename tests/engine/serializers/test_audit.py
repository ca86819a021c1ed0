"""The audit: what a plain JSON wire changes, foretold from the values, or read off a real one (spec, gap 15)."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kombu.utils.json import dumps, loads

from jobkit.serializers import REFUSED, Change, ChangeKind, audit_arguments, audit_round_trip


class Colour(Enum):
    RED = "red"
    MIXED = (1, 2)


class Size(IntEnum):
    LARGE = 2


class Status(StrEnum):
    PAID = "paid"


class Sku(str):
    __slots__ = ()


class Point(NamedTuple):
    x: int


@dataclass
class Order:
    id: int


json_scalars = st.sampled_from([None, True, 7, 0.5, "", "paid", "é"])
json_like = st.recursive(
    json_scalars | st.sampled_from([Size.LARGE, Status.PAID]),
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.dictionaries(st.sampled_from(["a", "b", Status.PAID]), inner),
        st.dictionaries(st.integers(), inner),
        st.dictionaries(st.none() | st.booleans(), inner),
    ),
    max_leaves=10,
)


@given(st.lists(json_like))
def test_what_is_foretold_is_what_json_does(args: list[Any]) -> None:
    received = json.loads(json.dumps(args))

    foretold = [(change.path, change.kind) for change in audit_arguments(args, {})]
    seen = [(change.path, change.kind) for change in audit_round_trip(args, {}, received, {})]

    assert foretold == seen


@given(st.lists(json_like))
def test_no_change_is_foretold_exactly_when_json_gives_the_same_back(args: list[Any]) -> None:
    received = json.loads(json.dumps(args))

    unchanged = repr(received) == repr(args)

    assert (audit_arguments(args, {}) == []) == unchanged


@pytest.mark.parametrize(
    ("value", "arrives"),
    [
        ((1, 2), [1, 2]),
        (Point(1), [1]),
        (Colour.RED, "red"),
        (Size.LARGE, 2),
        (Status.PAID, "paid"),
        (Sku("A"), "A"),
        (OrderedDict(a=1), {"a": 1}),
        (date(2024, 2, 29), "2024-02-29"),
        (datetime(2024, 2, 29, 12, tzinfo=UTC), "2024-02-29T12:00:00+00:00"),
        (time(12, 30), "12:30:00"),
        (timedelta(hours=1), "1:00:00"),
        (Decimal("1.10"), "1.10"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (PurePosixPath("a/b"), "a/b"),
    ],
)
def test_a_value_that_arrives_with_another_type(value: object, arrives: object) -> None:
    [change] = audit_arguments([], {"it": value})

    assert change.path == 'kwarguments["it"]'
    assert change.kind is ChangeKind.TYPE
    assert change.passed is value
    assert change.arrives == arrives
    assert type(change.arrives) is type(arrives)
    assert change.advice.startswith("Pass ")


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        ({1}, "sorted(value)"),
        (frozenset({1}), "sorted(value)"),
        (b"a", "base64"),
        (range(3), "list(value)"),
        (Order, "its name"),
        (Order(1), "dataclasses.asdict(value)"),
        (Colour.MIXED, "value.name"),
        (float("inf"), "pass None"),
        (print, "Pass data"),
        (type("Basket", (), {})(), "Pass its id"),
    ],
)
def test_a_value_that_does_not_arrive_at_all(value: object, advice: str) -> None:
    [change] = audit_arguments([value], {})

    assert change.kind is ChangeKind.REFUSED
    assert change.arrives is REFUSED
    assert repr(change.arrives) == "REFUSED"
    assert advice in change.advice
    assert "register_" not in change.advice


@pytest.mark.parametrize("value", [None, True, 2**64, -0.0, 1e308, "", [], {}, {"a": [1, {"b": None}]}])
def test_what_json_carries_is_no_change(value: object) -> None:
    assert audit_arguments([value], {"it": value}) == []


def test_changes_are_found_at_any_depth_with_their_paths() -> None:
    changes = audit_arguments([{"sizes": (7, {7: Status.PAID})}], {})

    assert [str(change) for change in changes] == [
        "arguments[0][\"sizes\"]: a tuple (7, {7: <Status.PAID: 'paid'>}) arrives as a list "
        "[7, {7: <Status.PAID: 'paid'>}]. Pass list(value).",
        "arguments[0][\"sizes\"][1][7]: the key an int 7 arrives as a str '7'. "
        "Use str keys, and turn them back in the job.",
        "arguments[0][\"sizes\"][1][7]: a Status <Status.PAID: 'paid'> arrives as a str 'paid'. "
        "Pass value.name, and look the member up by it in the job.",
    ]


@pytest.mark.parametrize(
    ("key", "arrives"),
    [(1, "1"), (Size.LARGE, "2"), (1.5, "1.5"), (True, "true"), (False, "false"), (None, "null"), (Sku("A"), "A")],
)
def test_keys_arrive_as_text(key: object, arrives: str) -> None:
    [change] = audit_arguments([{key: 1}], {})

    assert (change.kind, change.passed, change.arrives) == (ChangeKind.KEY, key, arrives)
    assert json.loads(json.dumps({key: 1})) == {arrives: 1}


def test_a_key_that_json_does_not_take_is_refused() -> None:
    [change] = audit_arguments([{(1, 2): 1}], {})

    assert change.kind is ChangeKind.REFUSED
    assert "use str keys" in change.advice


def test_a_value_that_contains_itself_is_reported_once() -> None:
    loop: list[object] = []
    loop.append(loop)

    assert [(change.path, change.kind) for change in audit_arguments([loop], {})] == [
        ("arguments[0][0]", ChangeKind.REFUSED)
    ]


def test_a_real_wire_is_audited_by_what_it_gave_back() -> None:
    args = [(1, 2), date(2024, 2, 29), {1: "one"}, Decimal("1.10")]

    changes = audit_round_trip(args, {"ids": [(3,)]}, loads(dumps(args)), loads(dumps({"ids": [(3,)]})))

    assert [(change.path, change.kind) for change in changes] == [
        ("arguments[0]", ChangeKind.TYPE),
        ("arguments[2][1]", ChangeKind.KEY),
        ('kwarguments["ids"][0]', ChangeKind.TYPE),
    ]


def test_a_lossy_wire_is_seen_by_the_value() -> None:
    [change] = audit_round_trip([[0.1]], {}, [[0.10000000149]], {})

    assert change == Change(
        "arguments[0][0]", ChangeKind.VALUE, 0.1, 0.10000000149, "Pass what arrives, and turn it back in the job"
    )


def test_what_never_came_back_is_refused() -> None:
    changes = audit_round_trip([1, {"a": 1}], {"b": 2}, [1, {}], {})

    assert [(change.path, change.kind) for change in changes] == [
        ('arguments[1]["a"]', ChangeKind.REFUSED),
        ('kwarguments["b"]', ChangeKind.REFUSED),
    ]


def test_a_list_of_another_length_is_a_change_of_value() -> None:
    [change] = audit_round_trip([[1, 2]], {}, [[1]], {})

    assert change.kind is ChangeKind.VALUE


def test_objects_that_know_no_equality_are_compared_by_type() -> None:
    class Handle: ...

    assert audit_round_trip([Handle()], {}, [Handle()], {}) == []
    assert audit_round_trip([float("nan")], {}, [float("nan")], {}) == []
