"""`isolation="fork"`: every delivery in a process of its own, so that what the worker knew is really gone."""

from __future__ import annotations

import os
import threading

import pytest
import sample_jobs
from sample_shop import shop, shop_world

from pytest_jobkit.retry_safety import RetrySafety, Verdict

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forking is for POSIX")

DONE: set[int] = set()


def remembers_in_its_module(order_id):
    if order_id in DONE:
        return
    DONE.add(order_id)
    shop.gateway.post("/charges", {"order": order_id})
    sample_jobs.pay(order_id)


def test_memory_of_the_module_is_forgotten_without_being_named(retry_safety: RetrySafety):
    DONE.clear()

    report = retry_safety(remembers_in_its_module, 1, world=shop_world, isolation="fork", faults=1)

    assert report.schedule == "rs1:1.noack3"
    assert "charged twice" in str(report)
    assert not DONE


def test_the_same_job_cannot_be_judged_where_the_module_remembers(retry_safety: RetrySafety):
    DONE.clear()

    assert retry_safety(remembers_in_its_module, 1, world=shop_world).verdict is Verdict.NOT_DETERMINISTIC
    DONE.clear()


@pytest.mark.parametrize("name", ["guarded", "charge_then_record", "counter", "fresh_key_in_a_loop", "dated_key"])
def test_a_forked_delivery_says_the_same_as_one_in_the_process(name: str, retry_safety: RetrySafety):
    job = getattr(sample_jobs, name)
    settings = {"world": shop_world, "kinds": "noack kill term before after", "budget": (5000, 60.0)}

    here = retry_safety(job, 1, **settings)
    forked = retry_safety(job, 1, isolation="fork", **settings)

    assert (forked.verdict, forked.schedule, forked.search.states, forked.search.deliveries) == (
        here.verdict, here.schedule, here.search.states, here.search.deliveries
    )  # fmt: skip
    assert list(map(str, forked.findings)) == list(map(str, here.findings))
    effects = [[effect.place for effect in report.base.deliveries[0].effects] for report in (here, forked)]
    assert effects[0] == effects[1]
    if not here.safe:
        assert "sample_jobs.py:" in str(forked)


def test_a_process_that_ends_by_itself_is_a_lost_worker(retry_safety: RetrySafety):
    def job():
        shop.mail.send("buyer", "hello")
        os._exit(3)

    report = retry_safety(job, world=shop_world, isolation="fork")

    assert report.verdict is Verdict.BROKEN
    assert "lost" in str(report)


def test_what_cannot_be_sent_back_is_named(retry_safety: RetrySafety):
    def job():
        shop.unhooked.append(threading.Lock())
        shop.mail.send("buyer", "hello")

    with pytest.raises(RuntimeError, match=r"isolation='fork': .* cannot be sent back: .*lock"):
        retry_safety(job, world=shop_world, isolation="fork")


def test_deliveries_at_once_share_a_process(retry_safety: RetrySafety):
    with pytest.raises(ValueError, match="deliveries at once share one process"):
        retry_safety(sample_jobs.counter, 1, world=shop_world, isolation="fork", copies=2)
    with pytest.raises(ValueError, match="isolation='thread': wanted one of 'reset', 'fork'"):
        retry_safety(sample_jobs.counter, 1, world=shop_world, isolation="thread")
