"""Acceptance 12: on random pairs of jobs, sleep sets find a failure exactly where the search of all orders does.

Forty pairs by default; JOBKIT_RANDOM_PAIRS=300 for the whole list.
"""

from __future__ import annotations

import os
import random

import pytest
from sample_shop import shop, shop_world

from pytest_jobkit.retry_safety import Call
from pytest_jobkit.retry_safety.check import on_stage
from pytest_jobkit.retry_safety.exploring.concurrent.check import serial_goals
from pytest_jobkit.retry_safety.exploring.concurrent.interleavings import InterleavingSearch
from pytest_jobkit.retry_safety.exploring.search import Meter, Search
from pytest_jobkit.retry_safety.exploring.undisturbed import compare_undisturbed_runs
from pytest_jobkit.retry_safety.face import make_setup

STEPS = ["read copy", "guard plain flag", "guard add flag", "add", "flag", "keyed", "plain", "mail", "commit", "lock"]
PAIRS = int(os.environ.get("JOBKIT_RANDOM_PAIRS", "40"))


def random_pair(number: int) -> tuple[list[str], list[str]]:
    """Two jobs; every other time the same one twice, which meets itself at every step."""
    source = random.Random(number)
    one, two = (" ".join([*source.choices(STEPS, k=source.randint(1, 2)), "commit"]).split() for _ in range(2))
    return one, one if number % 2 else two


def job(name, *steps):
    value = 0
    for step in steps:
        match step:
            case "read":
                (value,) = shop.db.execute("select value from balance where id=1").fetchone()
            case "add":
                shop.db.execute("update balance set value = value + 1 where id=1")
            case "copy":
                shop.db.execute("update balance set value = ? where id=1", (value + 1,))
            case "flag":
                shop.db.execute("insert or ignore into processed values (?)", ("done",))
            case "guard":
                if shop.db.execute("select 1 from processed where id='done'").fetchone():
                    break
            case "keyed":
                shop.gateway.post("/keyed", {}, key="k")
            case "plain":
                shop.gateway.post("/plain", {})
            case "mail":
                shop.mail.send("buyer", "hello", message_id="m")
            case "lock":
                shop.db.execute("select status from orders where id=1 for update").fetchone()
            case "commit":
                shop.db.commit()


def explored(one: list[str], two: list[str], *, reduced: bool) -> tuple[set[str], Search]:
    """Every end that some order has, right or wrong."""
    setup = make_setup(
        job, ("one", *one), world=shop_world, against=Call(job, "two", *two), observe=lambda shop: shop.rows(),
        budget=(10**6, 120.0),
    )  # fmt: skip
    with on_stage(setup) as scene:
        base = compare_undisturbed_runs(scene)
        assert base.saved is not None, base.problems
        goals = serial_goals(scene, base.saved)
        search = InterleavingSearch(scene, [scene.performance, *scene.beside], goals, base.saved, Meter(setup.budget))
        ends = {
            f"{run.final.observed} {sorted(run.final.counts.items())}" if run.final is not None else "deadlock"
            for run in search.explore(None, reduced=reduced)
        }
        return ends, search.search


@pytest.mark.parametrize("number", range(PAIRS))
def test_sleep_sets_and_all_orders_agree(number: int):
    one, two = random_pair(number)

    every_end, every = explored(one, two, reduced=False)
    same_ends, different = explored(one, two, reduced=True)

    assert same_ends == every_end, f"{one} beside {two}"
    assert bool(different.failures) == bool(every.failures), f"{one} beside {two}"
    assert different.runs <= every.runs


def test_the_pairs_are_a_mixture_of_good_and_bad_ones():
    searches = [explored(*random_pair(number), reduced=True)[1] for number in range(60)]

    assert 3 < sum(bool(search.failures) for search in searches) < 57
    assert sum(search.merged for search in searches) > 10
