"""Freezing again and again: the same modules are frozen as by freezegun alone, and all is put back."""

from __future__ import annotations

import asyncio
import datetime
import sys
import time
import types
from collections.abc import Callable, Iterator
from typing import Any

import freezegun
import pytest
from freezegun import api

from pytest_jobkit import JobSession

START = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)


@pytest.fixture
def module() -> Iterator[types.ModuleType]:
    """A module of the code under test, with nothing in it."""
    module = types.ModuleType("shop_of_quick_freezing")
    sys.modules[module.__name__] = module
    yield module
    del sys.modules[module.__name__]


def frozen(look: Callable[[], Any]) -> Any:
    """What `look` gives while the time is frozen at `START`."""
    # A captured framework may have a clock of its own instead of a frozen one.
    with JobSession(start=START, frameworks=[]) as session:
        session.clock.freeze()
        return look()


def test_a_module_is_frozen_each_time_and_put_back(module: Any) -> None:
    exec("from datetime import datetime\nfrom time import time\nread = time", vars(module))
    real = (module.datetime, module.time, module.read)

    for _ in range(3):
        assert frozen(lambda: (module.datetime.now(datetime.UTC), module.time(), module.read())) == (
            START,
            START.timestamp(),
            START.timestamp(),
        )
        assert (module.datetime, module.time, module.read) == real


def test_a_name_that_came_between_two_freezes_is_frozen(module: Any) -> None:
    frozen(lambda: None)
    module.now = time.time

    assert frozen(lambda: module.now()) == START.timestamp()
    assert module.now is time.time


def test_a_name_that_was_replaced_by_the_user_stays(module: Any) -> None:
    module.now = time.time
    frozen(lambda: None)
    module.now = own = lambda: 5.0

    assert frozen(lambda: module.now()) == 5.0
    assert module.now is own


def test_what_is_imported_while_frozen_is_put_back(module: Any) -> None:
    def import_now() -> float:
        exec("from time import time as late", vars(module))
        later = types.ModuleType("later_of_quick_freezing")
        exec("from time import time", vars(later))
        sys.modules[later.__name__] = later
        value: float = later.time()
        return value

    try:
        assert frozen(import_now) == START.timestamp()
        assert sys.modules["later_of_quick_freezing"].time is time.time
    finally:
        sys.modules.pop("later_of_quick_freezing", None)


def test_it_freezes_what_freezegun_alone_freezes() -> None:
    def fakes() -> set[tuple[str, str]]:
        fake = {id(one) for one in (api.FakeDatetime, api.FakeDate, api.fake_time, api.fake_monotonic, api.fake_gmtime)}
        return {
            (name, attribute)
            for name, module in list(sys.modules.items())
            if not name.startswith(("freezegun", "trio"))
            for attribute, value in list(getattr(module, "__dict__", {}).items())
            if id(value) in fake
        }

    frozen(lambda: None)
    ours = frozen(fakes)
    with freezegun.freeze_time(START, real_asyncio=True):
        theirs = fakes()

    assert ours == theirs
    assert fakes() == set()


def test_event_loops_go_on_and_are_put_back() -> None:
    real = asyncio.BaseEventLoop.time

    async def sleep() -> datetime.datetime:
        await asyncio.sleep(0.01)
        return datetime.datetime.now(datetime.UTC)

    for _ in range(2):
        assert frozen(lambda: asyncio.run(sleep())) == START
        assert asyncio.BaseEventLoop.time is real


def test_within_a_freeze_of_the_users_own_the_time_is_ours_and_then_theirs_again() -> None:
    with freezegun.freeze_time("2020-02-02"):
        assert frozen(lambda: datetime.datetime.now(datetime.UTC).year) == 2030
        assert datetime.datetime.now(datetime.UTC).year == 2020
    assert datetime.datetime.now(datetime.UTC).year > 2020
