"""Which jobs a drain means, which queues a worker polls, which jobs compete for a lock."""

from __future__ import annotations

import functools
from typing import Any

import pytest

import jobkit
from jobkit import Engine, Job
from jobkit.errors import ConfigError
from jobkit.fetch_order import FetchPlan, QueueEntry, select_queues
from jobkit.lock_identity import lock_key
from jobkit.record import State


@jobkit.job(queue="mail")
def greet(name: str, *, loud: bool = False) -> None:
    """Greets."""


@jobkit.job(queue="mail")
def remind(name: str, *, loud: bool = False) -> None:
    """Reminds."""


def waiting(engine: Engine, **chosen: Any) -> int:
    """How many of the three jobs a drain with these arguments performs."""
    with engine.active():
        greet.perform_later("Ada")
        remind.set(queue="slow").perform_later("Ada")
        remind.perform_later("Bob")
    return engine.drain(**chosen).performed


def test_several_queues_and_predicates_choose() -> None:
    assert waiting(Engine(), queue=["slow", "other"]) == 1
    assert waiting(Engine(), queue="mail") == 2
    assert waiting(Engine(), only=lambda record: record.arguments == ["Bob"]) == 1
    assert waiting(Engine(), except_=[greet, "remind"]) == 0


def test_a_partial_is_asked_with_a_record_that_says_where_the_job_is() -> None:
    seen: list[Any] = []

    def ask(wanted: str, record: Any) -> bool:
        seen.append((record.state, record.executions))
        return bool(record.queue_name == wanted)

    assert waiting(Engine(), only=functools.partial(ask, "slow")) == 1
    assert set(seen) == {(State.ENQUEUED, 0)}


def test_only_and_except_contradict_each_other() -> None:
    with pytest.raises(ConfigError, match=r"^give only= or except_=, not both: they contradict each other$"):
        Engine().drain(only=greet, except_=remind)


def test_a_prefix_selects_the_queues_that_begin_so_and_a_star_elsewhere_selects_none() -> None:
    existing = ["imports", "import_b", "import_a", "mail"]

    assert select_queues(["import_*"], existing) == [("import_b",), ("import_a",)]
    assert select_queues(["import*", "quiet"], existing) == [("imports",), ("import_b",), ("import_a",), ("quiet",)]
    assert select_queues(["im*port"], existing) == []


def test_a_queue_of_three_times_the_weight_is_first_three_times_as_often() -> None:
    plan = FetchPlan([QueueEntry("a", 3), QueueEntry("b", 1)])
    chance = Engine(seed=7).chance("fetch")

    first = [plan.order(chance)[0] for _ in range(4000)]

    assert first.count("a") / 4000 == pytest.approx(plan.chance_to_be_first("a"), abs=0.03)


def key(job: Job, chosen: Any = None, **options: Any) -> str:
    return lock_key(job, chosen, **options)


def test_a_lock_is_of_the_job_its_queue_and_its_arguments() -> None:
    with Engine().active():
        job, same, elsewhere = greet.build("Ada"), greet.build("Ada"), greet.build("Ada")
        elsewhere.queue_name = "slow"
        other, loud = remind.build("Ada"), greet.build("Ada", loud=True)

    assert key(job) == key(same)
    assert len({key(job), key(elsewhere), key(other), key(loud)}) == 4
    assert key(job, across_queues=True) == key(elsewhere, across_queues=True)
    assert key(job, across_jobs=True) == key(other, across_jobs=True)
    assert key(job, across_jobs=True) != key(loud, across_jobs=True)
    assert key(job).startswith("unique:")
    assert key(job, purpose="concurrency").startswith("concurrency:")
    assert len(key(job)) == len("unique:") + 32


def test_a_key_function_says_what_matters_of_the_arguments() -> None:
    with Engine().active():
        quiet, loud, other = greet.build("Ada"), greet.build("Ada", loud=True), greet.build("Bob", loud=True)

    assert key(quiet, lambda name, loud=False: name) == key(loud, lambda name, loud=False: name)
    assert key(loud, lambda name, loud=False: loud) == key(other, lambda name, loud=False: loud)
    assert key(quiet, lambda name, loud=False: loud) != key(loud, lambda name, loud=False: loud)
    with pytest.raises(ConfigError, match="the key function of its lock cannot be called with its arguments"):
        key(quiet, lambda: 1)
