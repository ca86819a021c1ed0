"""Acceptance 9: a budget that ends first says what is complete, fails as configured, and never says "safe"."""

from __future__ import annotations

import concurrent_jobs
import pytest
import sample_jobs
from sample_shop import shop_world

from pytest_jobkit.retry_safety import NotRetrySafe, RetrySafety, Verdict, assert_retry_safe

JOB = sample_jobs.batch
SAFE_AFTER = 306  # deliveries to closure, with `after` on every effect


@pytest.mark.parametrize("settings", [{}, {"faults": 2}], ids=["graph", "bounded"])
@pytest.mark.parametrize("budget", [1, 20, 60, 150])
def test_no_budget_that_is_too_small_says_safe(budget: int, settings, retry_safety: RetrySafety):
    report = retry_safety(JOB, 4, world=shop_world, budget=budget, every_after=True, **settings)

    assert report.verdict is Verdict.INCOMPLETE
    assert not report.safe
    assert not report.closed
    assert not report
    text = str(report)
    assert "INCOMPLETE, the budget ended first" in text
    assert "complete: " in text
    assert "safe" not in text.replace("retry-safe", "")


def test_enough_says_safe(retry_safety: RetrySafety):
    report = retry_safety(JOB, 4, world=shop_world, budget=SAFE_AFTER + 1, every_after=True)

    assert report.safe
    assert report.closed


def test_an_incomplete_check_fails_the_test_unless_that_is_allowed():
    with pytest.raises(NotRetrySafe, match="INCOMPLETE"):
        assert_retry_safe(JOB, 4, world=shop_world, budget=20)

    report = assert_retry_safe(JOB, 4, world=shop_world, budget=20, incomplete="allow")

    assert report.verdict is Verdict.INCOMPLETE


def test_a_failure_found_before_the_end_is_a_failure(retry_safety: RetrySafety):
    settings = {"budget": 8, "incomplete": "allow", "faults": 1}

    report = retry_safety(sample_jobs.charge_then_record, 1, world=shop_world, **settings)

    assert report.verdict is Verdict.UNSAFE


@pytest.mark.parametrize("preemptions", [2, None])
def test_orders_that_were_not_tried_are_no_proof_either(preemptions, retry_safety: RetrySafety):
    job = concurrent_jobs.keyed_calls

    report = retry_safety(job, 8, world=shop_world, copies=2, preemptions=preemptions, budget=30)

    assert report.verdict is Verdict.INCOMPLETE
    assert "of the orders of deliveries at once" in str(report)


def test_a_sampled_loop_says_so(retry_safety: RetrySafety):
    report = retry_safety(JOB, 8, world=shop_world, collapse=3, budget=(5000, 60.0))

    assert "sampled: 3 visits of each repeated effect" in str(report)
