"""Many jobs, duplicates and faults in any mix, explained by a serial order or not."""

from __future__ import annotations

import sqlite3
from types import SimpleNamespace

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, run_state_machine_as_test

from jobkit import job
from pytest_jobkit.retry_safety import Call, RetrySafetyMachine, job_arguments, world

here = SimpleNamespace()


@world
def desk():
    here.db = sqlite3.connect(":memory:")
    here.db.executescript(
        "create table names (id integer primary key, name text, version int); insert into names values (1, '', 0)"
    )
    yield here
    here.db.close()


def overwrite(name: str) -> None:
    here.db.execute("update names set name = ?", (name,))
    here.db.commit()


def overwrite_if_newer(name: str, version: int) -> None:
    here.db.execute("update names set name = ?, version = ? where version < ?", (name, version, version))
    here.db.commit()


def count(step: int) -> None:
    here.db.execute("update names set version = version + ?", (step,))
    here.db.commit()


@job
def keep(name: str) -> None:
    here.db.execute("insert or ignore into names values (2, ?, 0)", (name,))
    here.db.commit()


FEW = settings(
    max_examples=40,
    stateful_step_count=10,
    deadline=None,
    database=None,
    derandomize=True,
    report_multiple_bugs=False,
    phases=[Phase.generate],
)


def machine(*jobs, faults="kill noack", **members):
    return type("Machine", (RetrySafetyMachine,), {"world": desk, "jobs": jobs, "faults": faults, **members})


def test_jobs_whose_end_some_order_explains_pass():
    run_state_machine_as_test(machine(Call(keep, "a"), Call(keep, "a")), settings=FEW)


def test_a_newer_value_survives_a_stale_duplicate_only_where_the_job_compares_versions():
    stale = machine(Call(overwrite, "a"), Call(overwrite, "b"))
    newest = machine(Call(overwrite_if_newer, "a", 1), Call(overwrite_if_newer, "a", 2))

    with pytest.raises(AssertionError, match="no serial order of the messages explains the end"):
        run_state_machine_as_test(stale, settings=settings(FEW, max_examples=300, stateful_step_count=30))
    run_state_machine_as_test(newest, settings=FEW)


def test_a_message_that_counts_twice_is_found_with_arguments_from_its_annotations():
    with pytest.raises(AssertionError, match=r"wrong value: names\[id=1\]\.version"):
        run_state_machine_as_test(machine(job_arguments(count, step=st.integers(1, 3))), settings=FEW)


def test_invariants_see_the_world():
    def version_stays_small(self):
        assert self.world.db.execute("select version from names where id = 1").fetchone()[0] < 2, "grown"

    with pytest.raises(AssertionError, match="grown"):
        run_state_machine_as_test(machine(Call(count, 1), invariants_of=invariant()(version_stays_small)), settings=FEW)


def test_a_machine_without_jobs_says_what_it_needs():
    with pytest.raises(TypeError, match="Machine needs a class attribute `world`"):
        run_state_machine_as_test(machine(), settings=FEW)


class KeptNames(RetrySafetyMachine):
    world = desk
    jobs = (Call(keep, "a"),)
    faults = "kill after noack late"

    @invariant()
    def at_most_two_names(self):
        assert self.world.db.execute("select count(*) from names").fetchone()[0] <= 2


KeptNames.TestCase.settings = FEW
TestKeptNames = KeptNames.TestCase
