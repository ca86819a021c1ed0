"""Two deliveries at once: every order with few preemptions, or all orders, and what each job makes of them."""

from __future__ import annotations

import concurrent_jobs as jobs
import pytest
from sample_shop import shop, shop_world

from pytest_jobkit.retry_safety import Call, RetrySafety
from pytest_jobkit.retry_safety.check import check, on_stage, replay_schedule
from pytest_jobkit.retry_safety.exploring.concurrent.interleavings import InterleavingSearch
from pytest_jobkit.retry_safety.exploring.faults import decode
from pytest_jobkit.retry_safety.exploring.search import Meter, Search
from pytest_jobkit.retry_safety.exploring.undisturbed import compare_undisturbed_runs
from pytest_jobkit.retry_safety.face import make_setup

ENOUGH = (100_000, 60.0)

# job, argument, effects; orders with one preemption, with two, all, all that differ; whether all is well
COUNTS = [
    (jobs.read_flag_add_store_flag, 1, 4, 4, 10, 15, 9, False),
    (jobs.claim_first, 1, 3, 3, 4, 4, 3, True),
    (jobs.select_for_update, 1, 4, 4, 7, 8, 5, True),
    (jobs.keyed_charge_mail_without_key, 1, 5, 5, 16, 102, 24, False),
    (jobs.keyed_calls, 4, 4, 4, 13, 35, 8, True),
    (jobs.keyed_calls, 6, 6, 6, 31, 462, 32, True),
]


def explored(job, argument, preemptions, *, reduced) -> Search:
    """Every order, also behind the first failure."""
    setup = make_setup(job, (argument,), world=shop_world, copies=2, observe=lambda shop: shop.rows(), budget=ENOUGH)
    with on_stage(setup) as scene:
        base = compare_undisturbed_runs(scene)
        messages = [scene.performance] * 2
        search = InterleavingSearch(scene, messages, [base.goal], base.saved, Meter(setup.budget))
        for _run in search.explore(preemptions, reduced=reduced):
            pass
        return search.search


@pytest.mark.parametrize(("job", "argument", "effects", "one", "two", "every", "different", "safe"), COUNTS)
def test_the_number_of_orders_is_known(job, argument, effects, one, two, every, different, safe):
    setup = make_setup(job, (argument,), world=shop_world, copies=2, preemptions=1, observe=lambda shop: shop.rows())
    searches = [
        explored(job, argument, 1, reduced=False),
        explored(job, argument, 2, reduced=False),
        explored(job, argument, None, reduced=False),
        explored(job, argument, None, reduced=True),
    ]

    report = check(setup)

    assert len(report.base.deliveries[0].effects) == effects
    assert [search.runs for search in searches] == [one, two, every, different]
    assert [not search.failures for search in searches] == [safe] * 4
    assert report.safe is safe


@pytest.mark.parametrize("steps", range(1, 7))
def test_straight_jobs_have_as_many_orders_as_the_formulas_say(steps):
    from math import comb

    assert explored(jobs.keyed_calls, steps, 1, reduced=False).runs == steps
    assert explored(jobs.keyed_calls, steps, 2, reduced=False).runs == steps**2 - steps + 1
    assert explored(jobs.keyed_calls, steps, None, reduced=False).runs == comb(2 * steps, steps) // 2


def test_a_read_flag_lets_both_deliveries_through(retry_safety: RetrySafety):
    report = retry_safety(jobs.read_flag_add_store_flag, 1, world=shop_world, copies=2)

    assert report.schedule == "rs1:i=12222111"
    assert [str(finding) for finding in report.findings] == ["state balance[id=1].value: 1 -> 2"]
    assert str(report).startswith("read_flag_add_store_flag(1) is NOT retry-safe   two deliveries at once")


def test_the_same_job_is_safe_one_delivery_after_the_other(retry_safety: RetrySafety):
    assert retry_safety(jobs.read_flag_add_store_flag, 1, world=shop_world).closed
    both = retry_safety(jobs.read_flag_add_store_flag, 1, world=shop_world, kinds="noack kill before after interleave")

    assert both.schedule == "rs1:i=12222111"


def test_a_forgotten_row_lock_is_found_where_the_modelled_one_protects(retry_safety: RetrySafety):
    locked = retry_safety(jobs.select_for_update, 1, world=shop_world, copies=2, preemptions=None)
    forgotten = retry_safety(jobs.select_without_lock, 1, world=shop_world, copies=2, preemptions=None)

    assert locked.safe, str(locked)
    assert not forgotten.safe


def test_an_unkeyed_effect_takes_place_twice(retry_safety: RetrySafety):
    report = retry_safety(jobs.keyed_charge_mail_without_key, 1, world=shop_world, copies=2)

    assert [str(finding) for finding in report.findings] == ["duplicate mail to buyer receipt: 1 -> 2"]
    assert "mailed twice" in str(report)


def test_different_messages_may_end_like_any_order_of_theirs(retry_safety: RetrySafety):
    def against(points):
        return {"world": shop_world, "against": Call(jobs.add_points_in_place, points)}

    lost = retry_safety(jobs.add_points, 5, world=shop_world, against=Call(jobs.add_points, 3))
    kept = retry_safety(jobs.add_points_in_place, 5, **against(3))

    assert kept.safe, str(kept)
    assert not lost.safe
    assert "lost update" in str(lost)
    assert lost.findings[0].place == "balance[id=1].value"


def test_deliveries_that_wait_for_each_other_are_a_deadlock_that_names_both_locks(retry_safety: RetrySafety):
    report = retry_safety(jobs.lock_both, 1, 2, world=shop_world, against=Call(jobs.lock_both, 2, 1))
    ordered = retry_safety(jobs.lock_both, 1, 2, world=shop_world, against=Call(jobs.lock_both, 1, 2))

    assert report.findings[0].kind == "deadlock"
    assert "delivery 1 waits for select from orders" in report.findings[0].place
    assert "delivery 2 waits for select from orders" in report.findings[0].place
    assert "holds orders" in report.findings[0].place
    assert ordered.safe, str(ordered)


@pytest.mark.parametrize(("order", "safe"), [("11112", True), ("12222111", False), ("112211222", False)])
def test_a_replay_string_runs_one_order(order, safe):
    setup = make_setup(
        jobs.read_flag_add_store_flag, (1,), world=shop_world, copies=2, observe=lambda shop: shop.rows()
    )

    report = replay_schedule(setup, decode(f"rs1:i={order}"))

    assert report.run.at_once.order == order
    assert report.safe is safe


def test_an_order_that_fits_no_more_says_so():
    setup = make_setup(jobs.claim_first, (1,), world=shop_world, copies=2)

    with pytest.raises(AssertionError, match=r"the pinned order i=1212121212 does not fit any more"):
        replay_schedule(setup, decode("rs1:i=1212121212"))
    with pytest.raises(ValueError, match="needs 3 deliveries at once; this check has 2"):
        replay_schedule(setup, decode("rs1:i=123"))


def test_a_third_copy_can_be_asked_for(retry_safety: RetrySafety):
    safe = retry_safety(jobs.claim_first, 1, world=shop_world, copies=3, preemptions=1)
    unsafe = retry_safety(jobs.read_flag_add_store_flag, 1, world=shop_world, copies=3, preemptions=1)

    assert safe.safe, str(safe)
    assert "3" in unsafe.schedule


def test_a_budget_that_ends_first_is_no_proof(retry_safety: RetrySafety):
    report = retry_safety(jobs.keyed_calls, 6, world=shop_world, copies=2, preemptions=None, budget=20)

    assert report.verdict == "incomplete"
    assert "of the orders" in str(report)


def test_a_passing_check_says_what_is_complete(retry_safety: RetrySafety):
    bounded = retry_safety(jobs.keyed_calls, 4, world=shop_world, copies=2)
    every = retry_safety(jobs.keyed_calls, 4, world=shop_world, copies=2, preemptions=None)

    assert "2 deliveries at once, every order of up to 2 preemptions · 13 orders" in str(bounded)
    assert "2 deliveries at once, every order · 8 orders" in str(every)


def test_only_every_order_of_every_delivery_is_closed(retry_safety: RetrySafety):
    bounded = retry_safety(jobs.claim_first, 1, world=shop_world, copies=2)
    every = retry_safety(jobs.claim_first, 1, world=shop_world, copies=2, preemptions=None)
    with_faults = retry_safety(
        jobs.claim_first, 1, world=shop_world, kinds="noack kill interleave", copies=2, preemptions=None
    )

    assert (bounded.safe, bounded.closed) == (True, False)
    assert (every.safe, every.closed) == (True, True)
    assert (with_faults.safe, with_faults.closed) == (True, True)
    assert "any number of noack kill" in str(with_faults)
    assert "2 deliveries at once, every order" in str(with_faults)


def test_what_an_observer_asserts_holds_in_every_order(retry_safety: RetrySafety):
    def observe(shop):
        assert shop.db.execute("select value from balance").fetchone()[0] <= 1, "counted twice"

    report = retry_safety(jobs.read_flag_add_store_flag, 1, world=shop_world, observe=observe, copies=2)

    assert any(finding.kind == "assertion" and "counted twice" in finding.place for finding in report.findings)


def test_a_coroutine_is_interleaved_with_an_event_loop_for_each_delivery(retry_safety: RetrySafety):
    import asyncio

    async def job(order_id):
        await asyncio.sleep(0)
        jobs.read_flag_add_store_flag(order_id)

    async def claims(order_id):
        await asyncio.sleep(0)
        jobs.claim_first(order_id)

    assert retry_safety(job, 1, world=shop_world, copies=2).schedule == "rs1:i=12222111"
    assert retry_safety(claims, 1, world=shop_world, copies=2).safe


def test_a_cursor_of_the_world_is_refused_with_what_to_do(retry_safety: RetrySafety):
    def job():
        shop.cursor.execute("update balance set value = 1")
        shop.db.commit()

    def with_cursor():
        for front in shop_world():
            front.cursor = front.db.cursor()
            yield front

    report = retry_safety(job, world=with_cursor, copies=2)

    assert "make the cursor in the job" in str(report)
