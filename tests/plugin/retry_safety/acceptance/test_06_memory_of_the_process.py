"""Acceptance 6: a job that remembers in its module, in whatever way, is reported and never passed."""

from __future__ import annotations

import functools

import pytest
from sample_shop import shop, shop_world

from pytest_jobkit.retry_safety import NotRetrySafe, RetrySafety, Verdict, assert_retry_safe

SEEN: set[int] = set()
COUNTS = {"calls": 0}


def remembers_in_a_set(order_id):
    if order_id not in SEEN:
        SEEN.add(order_id)
        shop.gateway.post("/charges", {"order": order_id})


def counts_in_a_dict(order_id):
    COUNTS["calls"] += 1
    if COUNTS["calls"] == 1:
        shop.gateway.post("/charges", {"order": order_id})


def remembers_on_the_function(order_id):
    if not getattr(remembers_on_the_function, "was_here", False):
        remembers_on_the_function.was_here = True
        shop.gateway.post("/charges", {"order": order_id})


@functools.cache
def charge_cached(order_id):
    shop.gateway.post("/charges", {"order": order_id})


def remembers_in_a_cache(order_id):
    charge_cached(order_id)


JOBS = [remembers_in_a_set, counts_in_a_dict, remembers_on_the_function, remembers_in_a_cache]


@pytest.fixture(autouse=True)
def _new_process():
    yield
    SEEN.clear()
    COUNTS["calls"] = 0
    vars(remembers_on_the_function).clear()
    charge_cached.cache_clear()


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.__name__)
def test_memory_of_the_process_is_reported(job, retry_safety: RetrySafety):
    report = retry_safety(job, 1, world=shop_world)

    assert report.verdict is Verdict.NOT_DETERMINISTIC
    assert "memory of the process" in str(report)
    assert "http POST /charges" in str(report)


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.__name__)
def test_it_fails_the_test(job):
    with pytest.raises(NotRetrySafe, match="not deterministic"):
        assert_retry_safe(job, 1, world=shop_world)


@pytest.mark.parametrize(
    ("job", "name"), [(remembers_in_a_set, "SEEN"), (counts_in_a_dict, "COUNTS")], ids=["set", "dict"]
)
def test_memory_that_is_named_is_forgotten_and_the_job_judged(job, name, retry_safety: RetrySafety):
    report = retry_safety(job, 1, world=shop_world, forget=[f"{__name__}.{name}"])

    assert report.schedule == "rs1:1.noack1"
    assert "charged twice" in str(report)
