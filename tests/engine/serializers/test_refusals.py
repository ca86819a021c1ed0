"""What cannot travel is refused at enqueue: where it is, what it is, what to pass instead (spec A.3)."""

from __future__ import annotations

import asyncio
import functools
import io
import logging
import re
import socket
import sqlite3
import threading
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import Enum
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import redis
import sqlalchemy

from jobkit.errors import JobkitError, SerializationError
from jobkit.serializers import encode_arguments


def refusal(*args: object, **kwargs: object) -> str:
    with pytest.raises(SerializationError) as caught:
        encode_arguments(args, kwargs)
    return str(caught.value)


@dataclass
class Parcel:
    lines: object


def test_the_message_has_the_path_the_value_and_the_way_out(tmp_path: Path) -> None:
    with (tmp_path / "orders.csv").open("w") as file:
        message = refusal({"items": [1, 2, 3, file]})

    assert message == (
        'arguments[0]["items"][3]: an open file cannot be stored with a job. '
        "Store the content somewhere that workers reach, pass its path and open it in the job."
    )


@pytest.mark.parametrize(
    ("args", "kwargs", "path"),
    [
        ((1, object()), {}, "arguments[1]: "),
        ((), {"user": object()}, 'kwarguments["user"]: '),
        (((1, [object()]),), {}, "arguments[0][1][0]: "),
        (({(1, object())},), {}, "arguments[0]{element}[1]: "),
        (({'say "hi"': object()},), {}, 'arguments[0]["say \\"hi\\""]: '),
        ((), {"parcel": Parcel({"a": [object()]})}, 'kwarguments["parcel"].lines["a"][0]: '),
    ],
)
def test_the_path_is_an_expression_on_the_job(args: Any, kwargs: Any, path: str) -> None:
    assert refusal(*args, **kwargs).startswith(path + "a bare object()")


def test_the_error_can_be_caught_as_a_type_error_and_as_jobkits_own() -> None:
    assert issubclass(SerializationError, TypeError)
    assert issubclass(SerializationError, JobkitError)


async def coroutine() -> None: ...


def generator() -> Any:
    yield


CULPRITS: list[tuple[Callable[[], object], str, str]] = [
    (lambda: lambda: None, "a lambda", "Pass data"),
    (lambda: refusal, "a function", "Pass data"),
    (lambda: print, "a built-in function", "Pass data"),
    (lambda: Parcel(1).__eq__, "a bound method", "Pass the id"),
    (lambda: functools.partial(print), "a functools.partial", "Pass data"),
    (generator, "a generator", "list(value)"),
    (lambda: iter([1]), "an iterator (list_iterator)", "list(value)"),
    (lambda: map(str, []), "a map iterator", "list(value)"),
    (lambda: {}.keys(), "a view of a dict's keys", "list(value)"),
    (lambda: bytearray(b"a"), "a bytearray", "bytes(value)"),
    (lambda: io.BytesIO(), "an in-memory file", "getvalue()"),
    (lambda: threading.Semaphore(), "a semaphore", "limits_concurrency()"),
    (lambda: ValueError("no"), "an exception", "str(error)"),
    (lambda: re.compile("a"), "a compiled regular expression", "value.pattern"),
    (lambda: re, "a module", "its name"),
    (lambda: logging.getLogger("shop"), "a logger", "getLogger()"),
    (lambda: deque([1]), "a deque", "list(value)"),
    (lambda: 1j, "a complex number", "value.real"),
    (lambda: Mock(), "a mock", "a real value"),
    (lambda: redis.Redis(), "a Redis connection", "Open it in the job"),
    (lambda: sqlalchemy.select(sqlalchemy.literal(1)), "an SQL expression", "query in the job"),
    (lambda: sqlalchemy.create_engine("sqlite://"), "a database engine", "Open it in the job"),
    (object, "a bare object()", "Pass a value"),
]


@pytest.mark.parametrize(("make", "what", "advice"), CULPRITS, ids=[what for _, what, _ in CULPRITS])
def test_the_usual_culprits_are_called_by_their_names(make: Callable[[], object], what: str, advice: str) -> None:
    message = refusal(make())

    assert message.startswith(f"arguments[0]: {what} cannot be stored with a job. ")
    assert advice in message


@pytest.mark.parametrize("lock", [threading.Lock, threading.RLock, asyncio.Lock])
def test_a_lock_lives_in_one_process(lock: Callable[[], object]) -> None:
    message = refusal(lock())

    assert message.startswith("arguments[0]: a lock cannot be stored with a job. It lives in one process.")
    assert "limits_concurrency()" in message


def test_a_forgotten_await_is_suspected_behind_a_coroutine() -> None:
    pending = coroutine()

    assert refusal(pending).startswith("arguments[0]: a coroutine (a missing await?) cannot")

    pending.close()


def test_connections_belong_to_one_process() -> None:
    with closing(sqlite3.connect(":memory:")) as database, socket.socket() as wire:
        assert "a database connection cannot be stored with a job. Open it in the job" in refusal(database)
        assert "a socket cannot be stored with a job. Open it in the job" in refusal(wire)


@pytest.mark.parametrize(
    ("value", "what", "advice"),
    [
        (OrderedDict(a=1), "an OrderedDict of collections, which would come back as its base dict,", "dict(value)"),
        (defaultdict(int), "a defaultdict of collections, which would come back as its base dict,", "dict(value)"),
        (type("Cents", (int,), {"__module__": "shop"})(5), "a Cents of shop, which", "int(value)"),
        (type("Moment", (datetime,), {"__module__": "shop"})(2024, 1, 1), "a Moment of shop, which", "fromisoformat"),
    ],
)
def test_a_subclass_that_would_come_back_as_its_base_is_refused(value: object, what: str, advice: str) -> None:
    message = refusal(value)

    assert f"arguments[0]: {what}" in message
    assert advice in message
    assert "register_serializer()" in message


def test_any_other_object_is_named_with_its_class_and_the_ways_to_pass_it() -> None:
    class Basket: ...

    message = refusal(Basket())

    assert "Basket of " in message
    assert "Pass its id" in message
    assert "register_reference()" in message


def test_an_object_of_a_class_without_a_module_is_refused_like_any_other() -> None:
    stray = type("Stray", (), {"__module__": None})()

    assert "a Stray of None cannot be stored with a job" in refusal(stray)


def test_a_proxy_that_cannot_be_asked_for_anything_is_refused_like_any_other() -> None:
    class Proxy:
        def __getattribute__(self, name: str) -> object:
            raise RuntimeError("working outside of request context")

    assert "Proxy of " in refusal(Proxy())


def test_a_local_class_is_refused_since_no_worker_could_import_it() -> None:
    class Local(Enum):
        A = 1

    @dataclass
    class Note:
        text: str

    for value in (Local.A, Note("a"), Note):
        message = refusal(value)
        assert "a local class, which another process cannot import" in message
        assert "top level of a module" in message


def test_a_class_that_its_name_does_not_lead_to_is_refused() -> None:
    impostor = type("Parcel", (), {"__module__": __name__})

    assert "a class that is not found under its name" in refusal(impostor)


@dataclass
class Shelf(dict[str, int]):
    row: int


def test_a_dataclass_built_on_a_container_is_refused_since_its_fields_are_not_all_of_it() -> None:
    assert f"a Shelf of {__name__}, which would come back as its base dict" in refusal(Shelf(row=1))


@pytest.mark.parametrize("key", [1, None, (1, 2), 1.5, True])
def test_the_keys_of_a_dict_must_be_text(key: object) -> None:
    message = refusal({"a": {key: 1}})

    assert message.startswith(f'arguments[0]["a"]: a dict with the key {key!r}, which is no text, cannot be stored')
    assert "Use str keys" in message


@pytest.mark.parametrize("key", ["_jobkit_type", "_jobkit_anything"])
def test_the_reserved_keys_are_refused(key: str) -> None:
    message = refusal([{key: 1}])

    assert message.startswith(f"arguments[0][0]: a dict with the key '{key}' cannot be stored")
    assert "reserved" in message


def test_a_keyword_argument_may_have_a_reserved_name_for_it_is_no_key_of_a_dict() -> None:
    assert encode_arguments([], {"_jobkit_type": [1]}) == ([], {"_jobkit_type": [1]})


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_floats_that_json_does_not_have_are_refused(number: float) -> None:
    for message in (refusal(number), refusal(1, [number]), refusal(x=number)):
        assert f"the float {number!r}, which JSON does not have, cannot be stored" in message
        assert "Pass None" in message


def test_an_int_that_python_would_not_read_back_is_refused() -> None:
    assert "an int of more than 4300 digits" in refusal(10**4300)
    assert "an int of more than 4300 digits" in refusal([-(10**4300)])
    assert encode_arguments([10**4300 - 1], {}) == ([10**4300 - 1], {})


def test_text_that_is_no_unicode_text_is_refused() -> None:
    for message in (refusal("caf\udce9"), refusal({"caf\udce9": 1}), refusal(Path("caf\udce9"))):
        assert "a lone surrogate" in message
        assert "os.fsencode(value)" in message


def test_a_value_that_contains_itself_is_reported_where_it_does() -> None:
    node: dict[str, object] = {"name": "root"}
    node["children"] = [{"parent": node}]

    assert refusal(node) == (
        'arguments[0]["children"][0]["parent"]: a circular reference (it is arguments[0] again) cannot be stored '
        "with a job. Pass ids, or a structure that does not contain itself."
    )


def test_a_circle_further_down_names_its_own_start() -> None:
    loop: list[object] = []
    loop.append(loop)

    assert refusal(1, tree=[0, loop]).startswith(
        'kwarguments["tree"][1][0]: a circular reference (it is kwarguments["tree"][1] again)'
    )


def test_the_same_list_twice_is_no_circle() -> None:
    shared = [1]

    assert encode_arguments([[shared, shared]], {}) == ([[[1], [1]]], {})


def test_a_deep_structure_is_refused_before_the_stack_ends() -> None:
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]

    assert refusal(deep).startswith("arguments[0]: a value nested more than 100 levels deep cannot be stored")


def test_a_hundred_levels_are_not_too_deep() -> None:
    deep: list[object] = []
    for _ in range(99):
        deep = [deep]

    assert encode_arguments([deep], {}) == ([deep], {})


class Sundial(tzinfo):
    def utcoffset(self, moment: datetime | None) -> None:
        return None

    def dst(self, moment: datetime | None) -> None:
        return None

    def tzname(self, moment: datetime | None) -> str:
        return "by the sun"


def test_a_zone_that_has_neither_name_nor_offset_is_refused() -> None:
    message = refusal(datetime(2024, 1, 1, tzinfo=Sundial()))

    assert "a datetime with a Sundial as its tzinfo" in message
    assert "ZoneInfo" in message
