"""Hypothesis around the check: arguments from annotations, sampled schedules."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from jobkit import Job, job
from pytest_jobkit import job_arguments as job_arguments_of_the_plugin
from pytest_jobkit.retry_safety import (
    NotRetrySafe,
    assert_retry_safe,
    effect,
    fault_schedules,
    job_arguments,
    world,
)


class Transfer(Job):
    def perform(self, account: int, amount: int, *, note: str | None = None) -> None: ...


@job
def rename(user_id: int, name: str) -> None: ...


def bulk(order_ids: list[int]) -> None:
    for order_id in order_ids[:2]:
        with effect("http", "POST /charges", body=order_id, key=None if order_id > 10 else f"order-{order_id}"):
            pass


@world
def nothing():
    yield {}


def test_it_is_a_name_of_both_packages():
    assert job_arguments_of_the_plugin is job_arguments


@pytest.mark.parametrize(
    ("job", "types"),
    [(Transfer, {"account": int, "amount": int}), (rename, {"user_id": int, "name": str}), (bulk, {"order_ids": list})],
    ids=["class", "jobkit function", "plain function"],
)
def test_arguments_come_from_annotations_and_defaults_are_kept(job, types):
    call = find(job_arguments(job), lambda _call: True)

    assert call.job is job
    assert {name: type(value) for name, value in call.kwarguments.items()} == types


@given(call=job_arguments(Transfer, amount=st.integers(1, 10_000), account=7, note=st.just("x")))
def test_overrides_are_strategies_or_values(call):
    assert 1 <= call.kwarguments["amount"] <= 10_000
    assert (call.kwarguments["account"], call.kwarguments["note"]) == (7, "x")


def test_an_unknown_name_and_a_missing_annotation_are_errors():
    with pytest.raises(
        TypeError, match=r"job_arguments\(Transfer\): no parameter 'ammount'; there are: account, amoun"
    ):
        job_arguments(Transfer, ammount=1)
    with pytest.raises(TypeError, match="parameter 'value' has no annotation; annotate it, or pass value=a strategy"):
        job_arguments(lambda value: None)


def test_the_smallest_argument_that_fails_is_found_with_faults_enumerated_inside():
    def fails(call):
        try:
            assert_retry_safe(call, world=nothing)
        except NotRetrySafe as error:
            return "charged twice" in str(error)
        return False

    assert find(job_arguments(bulk, order_ids=st.lists(st.integers(0, 50))), fails).kwarguments == {"order_ids": [11]}


def test_a_drawn_schedule_runs_alone_and_faults_that_find_nothing_are_left_out():
    def fails(faults):
        try:
            assert_retry_safe(bulk, [99], world=nothing, schedule=faults)
        except NotRetrySafe as error:
            return bool(error.report.schedule)
        return False

    smallest = find(fault_schedules("noack kill after"), fails)

    assert [fault.kind for fault in smallest] == ["noack"]
    with pytest.raises(NotRetrySafe, match=r"replay: rs1:1\.noack0"):
        assert_retry_safe(bulk, [99], world=nothing, schedule=(*smallest, smallest[0]._replace(delivery=4)))


def test_schedules_are_drawn_from_the_kinds_asked_for():
    kinds = set()

    @given(fault_schedules("kill late"))
    def draw(faults):
        kinds.update(fault.kind for fault in faults)
        assert all(fault.delay in (0, 25 * 3600) for fault in faults)
        assert [fault.delivery for fault in faults] == list(range(1, len(faults) + 1))

    draw()

    assert kinds == {"kill"}
    with pytest.raises(ValueError, match="none of these kinds can be drawn"):
        fault_schedules("zombie")


def test_hypothesis_is_imported_by_these_names_alone():
    script = """
import sys
import pytest_jobkit, pytest_jobkit.retry_safety as rs
rs.assert_retry_safe, rs.world, rs.effect
assert "hypothesis" not in sys.modules
rs.fault_schedules
assert "hypothesis" in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True)
