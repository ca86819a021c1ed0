"""Serialisers for types of one's own, and the order in which they are asked (spec A.3)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from jobkit.errors import ConfigError, DeserializationError, SerializationError
from jobkit.serializers import decode_arguments, encode_arguments, register_serializer


@dataclass
class Money:
    cents: int
    currency: str


class Sku(str):
    __slots__ = ()


def travelled(value: object) -> Any:
    args, kwargs = json.loads(json.dumps(encode_arguments([value], {})))
    return decode_arguments(args, kwargs)[0][0]


def test_a_registered_type_travels_by_its_two_functions() -> None:
    register_serializer(Money, lambda money: (money.cents, money.currency), lambda parts: Money(*parts), name="money")

    assert encode_arguments([Money(500, "EUR")], {})[0] == [
        {"_jobkit_type": "money", "value": {"_jobkit_type": "tuple", "value": [500, "EUR"]}}
    ]
    assert travelled([Money(500, "EUR")]) == [Money(500, "EUR")]


def test_a_subclass_of_str_with_a_serialiser_of_its_own_comes_back_as_such() -> None:
    register_serializer(Sku, lambda sku: str.__str__(sku), Sku)

    assert type(travelled(Sku("A-1"))) is Sku


def test_a_subclass_is_taken_by_the_serialiser_of_its_base() -> None:
    class Shape:
        sides = 3

    class Square(Shape):
        sides = 4

    register_serializer(Shape, lambda shape: shape.sides, lambda stored: Shape(), name="shape")

    assert encode_arguments([Square()], {})[0] == [{"_jobkit_type": "shape", "value": 4}]
    assert type(travelled(Square())) is Shape


def test_the_serialiser_of_the_exact_class_goes_before_an_earlier_one_of_a_base() -> None:
    class Vehicle: ...

    class Bicycle(Vehicle): ...

    register_serializer(Vehicle, lambda vehicle: None, lambda stored: Vehicle(), name="vehicle")
    register_serializer(Bicycle, lambda bicycle: None, lambda stored: Bicycle(), name="bicycle")

    assert type(travelled(Bicycle())) is Bicycle


def test_of_two_bases_the_one_registered_first_is_asked_first() -> None:
    class Red: ...

    class Round: ...

    class RedBall(Round, Red): ...

    register_serializer(Red, lambda value: "red", lambda stored: Red(), name="red")
    register_serializer(Round, lambda value: "round", lambda stored: Round(), name="round")

    assert type(travelled(RedBall())) is Red


def test_a_serialiser_goes_before_jobkits_own_form_of_the_class() -> None:
    @dataclass
    class Price:
        cents: int

    register_serializer(Price, lambda price: price.cents, Price, name="price")

    assert encode_arguments([Price(5)], {})[0] == [{"_jobkit_type": "price", "value": 5}]
    assert travelled(Price(5)) == Price(5)


def test_registering_a_type_again_replaces_its_serialiser() -> None:
    class Note:
        text = ""

    register_serializer(Note, lambda note: "first", lambda stored: Note(), name="note")
    register_serializer(Note, lambda note: "second", lambda stored: Note(), name="note")

    assert encode_arguments([Note()], {})[0] == [{"_jobkit_type": "note", "value": "second"}]


def test_what_to_json_gives_may_be_refused_and_then_the_path_is_that_of_the_value() -> None:
    class Holder: ...

    register_serializer(Holder, lambda holder: {"file": object()}, lambda stored: Holder(), name="holder")

    with pytest.raises(SerializationError, match=r'^arguments\[0\]\[1\]\["file"\]: a bare object\(\) cannot'):
        encode_arguments([[1, Holder()]], {})


def test_a_serialiser_that_gives_its_own_value_back_is_stopped() -> None:
    class Mirror: ...

    register_serializer(Mirror, lambda mirror: mirror, lambda stored: Mirror(), name="mirror")

    with pytest.raises(SerializationError, match=r"^arguments\[0\]: a value nested more than 100 levels deep"):
        encode_arguments([Mirror()], {})


def test_a_chain_of_own_types_that_ends_in_itself_is_a_circle() -> None:
    class Link:
        next: Any

    register_serializer(Link, lambda link: {"next": link.next}, lambda stored: Link(), name="link")
    first, second = Link(), Link()
    first.next, second.next = second, first

    with pytest.raises(
        SerializationError, match=r'^arguments\[0\]\["next"\]\["next"\]: a circular reference \(it is arguments\[0\]'
    ):
        encode_arguments([first], {})


def test_an_error_of_from_json_is_the_cause_of_a_deserialization_error() -> None:
    class Fragile: ...

    def broken(stored: object) -> Fragile:
        raise ZeroDivisionError("division by zero")

    register_serializer(Fragile, lambda value: 1, broken, name="fragile")

    with pytest.raises(DeserializationError, match=r"arguments\[0\] cannot be turned back .*ZeroDivision") as caught:
        travelled(Fragile())
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_serialiser_that_the_worker_does_not_know_is_named_with_the_remedy() -> None:
    with pytest.raises(DeserializationError, match=r"'lost'.*Import the module that calls register_serializer"):
        decode_arguments([{"_jobkit_type": "lost", "value": 1}], {})


def test_a_serialiser_is_found_by_importing_the_module_of_its_type(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop_money.py").write_text(
        "from jobkit.serializers import register_serializer\n"
        "class Coin:\n    pass\n"
        "register_serializer(Coin, lambda coin: 1, lambda stored: Coin())\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    [[coin], _] = decode_arguments([{"_jobkit_type": "shop_money:Coin", "value": 1}], {})

    assert type(coin).__name__ == "Coin"


@pytest.mark.parametrize("kind", [type(None), bool, int, float, str, list, dict])
def test_the_types_of_json_take_no_serialiser(kind: type) -> None:
    with pytest.raises(ConfigError, match=f"{kind.__name__} is a type of JSON itself"):
        register_serializer(kind, str, str)


@pytest.mark.parametrize("name", ["tuple", "decimal", "reference"])
def test_the_names_of_jobkits_own_tags_are_taken(name: str) -> None:
    with pytest.raises(ConfigError, match=f"'{name}' is one of jobkit's own: choose another name="):
        register_serializer(Money, str, str, name=name)  # type: ignore[arg-type]  # it must not come to use them


def test_two_types_cannot_share_a_name() -> None:
    class Left: ...

    class Right: ...

    register_serializer(Left, lambda value: 1, lambda stored: Left(), name="side")

    with pytest.raises(ConfigError, match=r"'side' is taken by .*Left: choose another name="):
        register_serializer(Right, lambda value: 1, lambda stored: Right(), name="side")
