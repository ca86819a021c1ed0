"""References: a record travels as its key and is fetched again where the job runs (spec A.4)."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from jobkit.errors import ConfigError, DeserializationError, RecordNotFound, SerializationError
from jobkit.serializers import decode_arguments, encode_arguments, register_reference, register_serializer


class Account:
    """A record of a store that keeps a row for each, and makes a new object of it at each fetch."""

    def __init__(self, key: object, balance: int = 0) -> None:
        self.key = key
        self.balance = balance


class Savings(Account): ...


class Store(dict[Any, int]):
    def fetch(self, key: object) -> Account:
        return Account(key, self[key])


@pytest.fixture
def store() -> Store:
    store = Store()
    register_reference(Account, lambda account: account.key, store.fetch, name="account")
    return store


def queued(value: object) -> list[Any]:
    encoded: list[Any] = json.loads(json.dumps(encode_arguments([value], {})))
    return encoded


def test_the_key_alone_is_stored(store: Store) -> None:
    assert encode_arguments([Account(7, balance=100)], {})[0] == [
        {"_jobkit_type": "reference", "source": "registered", "class": "account", "key": 7}
    ]


def test_the_job_sees_the_record_as_it_is_when_it_runs_and_two_fetches_give_two_objects(store: Store) -> None:
    store[7] = 100
    message = queued(Account(7, balance=100))

    store[7] = 50

    [first], _ = decode_arguments(*message)
    [second], _ = decode_arguments(*message)
    assert first.balance == second.balance == 50
    assert first is not second


def test_references_are_found_inside_lists_dicts_and_tuples(store: Store) -> None:
    store.update({1: 10, 2: 20})

    [arrived], _ = decode_arguments(*queued({"pair": (Account(1), [Account(2)])}))

    assert arrived["pair"][0].balance == 10
    assert arrived["pair"][1][0].balance == 20


def test_a_key_may_be_anything_that_can_be_an_argument(store: Store) -> None:
    key = (UUID(int=5), "eu")
    store[key] = 3

    [arrived], _ = decode_arguments(*queued(Account(key)))

    assert arrived.key == key


def test_a_subclass_uses_the_registration_of_its_nearest_base(store: Store) -> None:
    class Special(Savings): ...

    register_reference(Savings, lambda account: account.key, lambda key: Savings(key, 1), name="savings")

    [arrived], _ = decode_arguments(*queued(Special(7)))

    assert type(arrived) is Savings


def test_a_reference_goes_before_a_serialiser_of_the_exact_class(store: Store) -> None:
    class Both(Account): ...

    register_serializer(Both, lambda both: "whole", lambda stored: Both(0), name="both")

    assert queued(Both(1))[0][0]["_jobkit_type"] == "reference"


@pytest.mark.parametrize("from_key", [lambda key: None, lambda key: {}[key]], ids=["None", "KeyError"])
def test_a_record_that_is_gone_is_not_found(store: Store, from_key: Any) -> None:
    message = queued(Account(7))
    register_reference(Account, lambda account: account.key, from_key, name="account")

    with pytest.raises(RecordNotFound, match=r"account with the key 7 is gone: .*discard_on\(RecordNotFound\)") as gone:
        decode_arguments(*message)
    assert isinstance(gone.value, DeserializationError)
    assert gone.value.__notes__ == ["The argument is arguments[0]."]


def test_the_original_error_of_a_missing_record_is_the_cause(store: Store) -> None:
    with pytest.raises(RecordNotFound) as gone:
        decode_arguments([], {"account": queued(Account(7))[0][0]})

    assert isinstance(gone.value.__cause__, KeyError)
    assert gone.value.__notes__ == ['The argument is kwarguments["account"].']


def test_any_other_error_of_a_fetch_is_a_plain_deserialization_error(store: Store) -> None:
    def fails(key: object) -> Account:
        raise ConnectionError("the database is down")

    message = queued(Account(7))
    register_reference(Account, lambda account: account.key, fails, name="account")

    with pytest.raises(DeserializationError, match="the database is down") as caught:
        decode_arguments(*message)
    assert not isinstance(caught.value, RecordNotFound)
    assert isinstance(caught.value.__cause__, ConnectionError)


def test_a_record_without_a_key_is_refused_with_the_hint_that_it_was_not_saved(store: Store) -> None:
    with pytest.raises(
        SerializationError, match=r"^arguments\[0\]\[0\]: an unsaved Account, .* Save it \(and commit\)"
    ):
        encode_arguments([[Account(None)]], {})


def test_a_key_that_cannot_travel_is_reported_at_the_record(store: Store) -> None:
    with pytest.raises(SerializationError, match=r"^arguments\[0\]: a bare object\(\) cannot be stored"):
        encode_arguments([Account(object())], {})


def test_a_reference_that_the_worker_does_not_know_is_named_with_the_remedy() -> None:
    stored = {"_jobkit_type": "reference", "source": "registered", "class": "lost", "key": 1}

    with pytest.raises(DeserializationError, match=r"lost by key.*Import the module that calls register_reference"):
        decode_arguments([stored], {})


def test_two_types_cannot_share_a_name(store: Store) -> None:
    with pytest.raises(ConfigError, match=r"'account' is taken by .*:Account: choose another name="):
        register_reference(Savings, lambda account: account.key, lambda key: None, name="account")
