"""A job outlives a deploy: what was stored by yesterday's classes meets today's."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

import pytest

from jobkit.errors import DeserializationError, RecordNotFound
from jobkit.serializers import decode_arguments, encode_arguments


@dataclass
class Order:
    id: int
    note: str = "none"
    lines: list[int] = field(default_factory=list)


@dataclass
class Sealed:
    """Its `__post_init__` must not run again on what it has made already."""

    price: int

    def __post_init__(self) -> None:
        self.price *= 100


class Colour(Enum):
    RED = 1


class Point(NamedTuple):
    x: int
    y: int


def decoded(**members: Any) -> Any:
    stored = {"_jobkit_type": members.pop("tag"), **members}
    return decode_arguments([stored], {})[0][0]


def test_a_new_field_with_a_default_takes_it() -> None:
    first = decoded(tag="dataclass", **{"class": f"{__name__}:Order", "value": {"id": 1}})
    second = decoded(tag="dataclass", **{"class": f"{__name__}:Order", "value": {"id": 1}})

    assert first == Order(1)
    assert first.lines is not second.lines


def test_a_dataclass_is_not_initialised_a_second_time() -> None:
    [arrived], _ = decode_arguments(*encode_arguments([Sealed(5)], {}))

    assert arrived.price == 500


@pytest.mark.parametrize(
    ("stored", "wrong"),
    [
        ({"tag": "dataclass", "class": "Order", "value": {}}, "without its field id, which has no default"),
        ({"tag": "dataclass", "class": "Order", "value": {"id": 1, "old": 2}}, r"no longer has \(old\)"),
        ({"tag": "dataclass", "class": "Colour", "value": {"id": 1}}, "it is no dataclass now"),
        ({"tag": "enum", "class": "Colour", "value": "GREEN"}, "its member GREEN, which it no longer has"),
        ({"tag": "enum", "class": "Order", "value": "GREEN"}, "it is no enum now"),
        ({"tag": "named_tuple", "class": "Point", "value": [1]}, "a named tuple of it with 1 fields"),
    ],
)
def test_what_no_longer_fits_is_named(stored: dict[str, Any], wrong: str) -> None:
    stored = {**stored, "class": f"{__name__}:{stored['class']}"}

    with pytest.raises(DeserializationError, match=f"has changed since the job was enqueued: .*{wrong}") as caught:
        decoded(**stored)

    assert not isinstance(caught.value, RecordNotFound)
    assert caught.value.__notes__ == ["The argument is arguments[0]."]


@pytest.mark.parametrize("name", [f"{__name__}:Gone", "no_such_module_anywhere:Order"])
def test_a_class_that_is_gone_is_named(name: str) -> None:
    with pytest.raises(DeserializationError, match=f"the class {name} is wanted") as caught:
        decoded(tag="class", value=name)

    assert isinstance(caught.value.__cause__, ImportError | AttributeError)


def test_a_class_that_is_something_else_now_is_named() -> None:
    with pytest.raises(DeserializationError, match="wanted as a class for an argument, but it is <function"):
        decoded(tag="class", value=f"{__name__}:decoded")


@pytest.mark.parametrize(
    "members", [{"tag": "date", "value": "2024-13-01"}, {"tag": "tuple"}, {"tag": "uuid", "value": None}]
)
def test_a_damaged_value_is_a_deserialization_error_with_its_cause(members: dict[str, Any]) -> None:
    with pytest.raises(DeserializationError, match=r"arguments\[0\] cannot be turned back into a value") as caught:
        decoded(**members)

    assert caught.value.__cause__ is not None
