"""Strict arguments: exact JSON types alone, as Sidekiq's (spec A.5)."""

from __future__ import annotations

from collections import OrderedDict
from datetime import date
from enum import IntEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobkit.errors import SerializationError
from jobkit.serializers import decode_arguments, encode_arguments

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text("aé_ß"),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("aé_ß"), inner),
    max_leaves=10,
)


class Size(IntEnum):
    LARGE = 2


class Sku(str):
    __slots__ = ()


def refusal(*args: Any, **kwargs: Any) -> str:
    with pytest.raises(SerializationError) as caught:
        encode_arguments(args, kwargs, strict=True)
    return str(caught.value)


@given(st.lists(json_values), st.dictionaries(st.text("abc"), json_values))
def test_exact_json_types_pass_and_are_stored_as_they_are(args: list[Any], kwargs: dict[str, Any]) -> None:
    assert encode_arguments(args, kwargs, strict=True) == (args, kwargs)
    assert decode_arguments(*encode_arguments(args, kwargs, strict=True)) == (args, kwargs)


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ((1, 2), "a tuple (1, 2) arrives as a list [1, 2]. Pass list(value)."),
        (Size.LARGE, "a Size <Size.LARGE: 2> arrives as an int 2. Pass value.name, and look the member up"),
        (Sku("A"), "a Sku 'A' arrives as a str 'A'. Pass str(value)."),
        (OrderedDict(a=1), "an OrderedDict OrderedDict([('a', 1)]) arrives as a dict {'a': 1}. Pass dict(value)."),
        (date(2024, 2, 29), "a date datetime.date(2024, 2, 29) arrives as a str '2024-02-29'. Pass value.isoformat()"),
        ({1, 2}, "a set is refused. Pass sorted(value)."),
        (b"a", "a bytes is refused. Pass base64"),
        ({1: "one"}, "the key an int 1 arrives as a str '1'. Use str keys"),
        (float("nan"), "a float is refused. JSON has no nan: pass None."),
        (print, "a built-in function is refused. Pass data"),
    ],
)
def test_anything_else_is_refused_with_what_would_arrive_and_what_to_pass(value: object, line: str) -> None:
    message = refusal({"items": [0, value]})

    assert message.startswith("a job with strict arguments takes exact JSON types alone (None, bool, int,")
    assert f'arguments[0]["items"][1]: {line}' in message.replace("[1][1]:", "[1]:")


def test_the_first_five_changes_are_listed_and_the_rest_counted() -> None:
    message = refusal(*[(index,) for index in range(7)], user=(1,))

    assert [line.partition(":")[0].strip() for line in message.splitlines()[1:]] == [
        "arguments[0]", "arguments[1]", "arguments[2]", "arguments[3]", "arguments[4]", "and 3 more",
    ]  # fmt: skip


def test_a_reserved_key_is_refused_in_strict_jobs_too() -> None:
    assert "reserved" in refusal({"_jobkit_type": "tuple"})
