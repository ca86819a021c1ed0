"""Acceptance 1: of fifteen jobs, each with one thing wrong, exactly the kinds of fault are found that break it."""

from __future__ import annotations

import pytest
import repaired_jobs
import sample_jobs
from sample_shop import Shop, shop_world

from pytest_jobkit.retry_safety import RetrySafety
from pytest_jobkit.retry_safety.check import check
from pytest_jobkit.retry_safety.face import make_setup

# job, effects, schedules with one fault (with the two undisturbed runs), merged, kinds, first failing schedule
ONE_FAULT = [
    ("charge_then_record", 6, 34, 24, ["kill", "noack"], "rs1:1.noack6"),
    ("guarded", 10, 54, 42, [], None),
    ("flag_after_the_charge", 4, 24, 16, ["kill"], "rs1:1.kill2"),
    ("flag_before_the_charge", 4, 24, 16, ["kill"], "rs1:1.kill3"),
    ("random_key", 3, 19, 11, ["kill", "noack"], "rs1:1.noack3"),
    ("dated_key", 3, 19, 11, ["kill", "noack"], "rs1:1.noack3+25h"),
    ("lock_released_in_finally", 8, 44, 31, ["kill"], "rs1:1.kill3"),
    ("swallowed_error", 3, 19, 9, ["before"], "rs1:1.before0"),
    ("fresh_key_in_a_loop", 3, 19, 9, ["after"], "rs1:1.after0"),
    ("insert_that_blocks_the_retry", 5, 29, 19, ["kill", "noack"], "rs1:1.noack5"),
    ("counter", 2, 14, 8, ["noack"], "rs1:1.noack2"),
    ("unguarded_recovery", 6, 34, 24, [], None),
    ("follow_up_after_commit", 3, 19, 11, ["noack"], "rs1:1.noack3"),
    ("follow_up_behind_a_guard", 4, 24, 16, ["kill"], "rs1:1.kill3"),
    ("unhooked_client", 2, 14, 8, ["kill", "noack"], "rs1:1.noack2"),
]
UNSAFE = [row[0] for row in ONE_FAULT if row[0] != "guarded"]


def everything(shop: Shop) -> object:
    return shop.rows(), list(shop.unhooked)


@pytest.mark.parametrize(("name", "effects", "schedules", "merged", "kinds", "first"), ONE_FAULT)
def test_one_fault_finds_exactly_the_kinds_that_break_the_job(name, effects, schedules, merged, kinds, first):
    settings = {"kinds": "noack kill term before after late", "faults": 1, "every_after": True}
    setup = make_setup(getattr(sample_jobs, name), (1,), world=shop_world, observe=everything, **settings)

    report = check(setup)

    assert len(report.base.deliveries[0].effects) == effects
    assert (report.search.runs, report.search.merged) == (schedules, merged)
    assert report.failing_kinds == kinds
    assert report.schedule == first
    assert report.safe is not bool(kinds)


@pytest.mark.parametrize("name", UNSAFE)
def test_any_number_of_faults_finds_every_seeded_job(name, retry_safety: RetrySafety):
    report = retry_safety(getattr(sample_jobs, name), 1, world=shop_world, observe=everything)

    assert not report.safe
    assert not report.closed
    assert len(report.faults) == (2 if name == "unguarded_recovery" else 1)


@pytest.mark.parametrize("name", UNSAFE)
def test_the_repaired_twin_passes_to_closure(name, retry_safety: RetrySafety):
    kinds = "noack kill term before after late"

    report = retry_safety(getattr(repaired_jobs, name), 1, world=shop_world, kinds=kinds)

    assert report.safe, str(report)
    assert report.closed


def test_a_recovery_that_is_not_guarded_itself_breaks_under_two_kills(retry_safety: RetrySafety):
    report = retry_safety(sample_jobs.unguarded_recovery, 1, world=shop_world)

    assert report.schedule == "rs1:1.kill3,2.kill7"
    assert [str(finding) for finding in report.findings] == ["duplicate mail to ops recovered twice: 0 -> 1"]


def test_a_lock_released_in_finally_survives_a_termination_of_the_work_but_no_kill(retry_safety: RetrySafety):
    job = sample_jobs.lock_released_in_finally

    killed = retry_safety(job, 1, world=shop_world, kinds="kill", faults=1)
    terminated = retry_safety(job, 1, world=shop_world, kinds="term", faults=1)

    assert killed.schedule == "rs1:1.kill3"  # the lock is taken, nobody releases it
    assert terminated.schedule == "rs1:1.term6"  # only where the termination strikes the clean-up code itself


def test_a_dated_key_breaks_only_when_the_message_comes_again_the_next_day(retry_safety: RetrySafety):
    report = retry_safety(sample_jobs.dated_key, 1, world=shop_world)

    assert report.schedule == "rs1:1.noack3+25h"  # late was switched on by the job's look at the clock


# effects of the loop, then with `after` on every effect as it was measured: one-fault schedules, states, deliveries
LOOPS = [(1, 4, 15, 3, 33), (2, 8, 27, 5, 94), (4, 16, 51, 9, 306), (8, 32, 99, 17, 1090)]


@pytest.mark.parametrize(("size", "effects", "schedules", "states", "deliveries"), LOOPS)
def test_the_number_of_deliveries_to_closure_is_known(size, effects, schedules, states, deliveries, retry_safety):
    settings = {"world": shop_world, "every_after": True, "budget": (5000, 60.0)}

    one = retry_safety(sample_jobs.batch, size, faults=1, **settings)
    report = retry_safety(sample_jobs.batch, size, **settings)

    assert len(report.base.deliveries[0].effects) == effects
    assert one.search.runs == schedules
    assert (report.search.states, report.search.deliveries, report.closed) == (states, deliveries, True)


def test_a_guarded_charge_of_ten_effects_closes_after_five_states(retry_safety: RetrySafety):
    measured = retry_safety(sample_jobs.guarded, 1, world=shop_world, every_after=True)
    report = retry_safety(sample_jobs.guarded, 1, world=shop_world)

    assert (measured.search.states, measured.search.deliveries, measured.closed) == (5, 106, True)
    # `after` equals `before` on reads and on statements in a transaction
    assert (report.search.states, report.search.deliveries, report.closed) == (5, 86, True)
