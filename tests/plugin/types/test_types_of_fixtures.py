"""What type checkers know of the fixtures, the matchers and what they give: the same under mypy and under pyright."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]

USE = """
from __future__ import annotations

from datetime import datetime, timedelta
from typing import assert_type

from jobkit import JobRecord, job, retry_on
from pytest_jobkit import (
    AssertCount, AssertWith, HaveJob, JobClock, JobMatcher, JobSession, Performed, PerformEnqueuedJobs, RetryRun,
    SimulateRetries, containing,
)


@job(queue="orders")
@retry_on(OSError, wait=5)
def ship(order_id: int, gift: bool = False) -> None: ...


def test_matchers(jobs: JobSession, have_enqueued_job: HaveJob) -> None:
    matcher = have_enqueued_job(ship)
    assert_type(matcher, JobMatcher)
    assert_type(matcher.with_args(42).on_queue("orders").with_priority(None), JobMatcher)
    assert_type(matcher.delayed_by(60, within=1).once(), JobMatcher)
    assert_type(matcher.where(lambda job: job.arguments == [1]), JobMatcher)
    assert_type(matcher.eventually(2).enqueued_by(ship), JobMatcher)
    with have_enqueued_job(ship).with_args(containing({"a": 1})) as enqueued:
        assert_type(enqueued, JobMatcher)
        assert_type(ship.perform_later(42).job_id, str)
    assert_type(enqueued.job, JobRecord)
    assert_type(enqueued.jobs, tuple[JobRecord, ...])
    assert have_enqueued_job(ship) & jobs.have_performed_job("ship") | jobs.have_dead_job(ship)


def test_performing(perform_enqueued_jobs: PerformEnqueuedJobs, jobs: JobSession) -> None:
    result = perform_enqueued_jobs(until=timedelta(hours=1), only=[ship], children=False, limit=None, errors="capture")
    assert_type(result, Performed)
    assert_type(result.succeeded, int)
    assert_type(result.errors, tuple[BaseException, ...])
    with perform_enqueued_jobs(inline=True) as performed:
        assert_type(performed, Performed)
    assert_type(jobs.perform_one(ship), JobRecord)


async def test_async(
    perform_enqueued_jobs: PerformEnqueuedJobs, simulate_retries: SimulateRetries, have_enqueued_job: HaveJob
) -> None:
    assert_type(await perform_enqueued_jobs(), Performed)
    assert_type(await simulate_retries(ship, 1, raising=OSError), RetryRun)
    assert_type(await have_enqueued_job(ship).eventually(1), JobMatcher)
    async with perform_enqueued_jobs() as performed, have_enqueued_job(ship) as matcher:
        assert_type(performed, Performed)
        assert_type(matcher, JobMatcher)


def test_retries(simulate_retries: SimulateRetries) -> None:
    run = simulate_retries(ship, 42, raising=[OSError("no"), None], when="after", jitter="max")
    assert_type(run, RetryRun)
    assert_type(run.waits, list[float])
    assert_type(run.wait_bounds, list[tuple[float, float]])
    assert_type(run.outcome, str)


def test_clock(job_clock: JobClock) -> None:
    assert_type(job_clock.travel(hours=2), datetime)
    assert_type(job_clock.travel_to(job_clock.now()), datetime)
    assert_type(job_clock.freeze(), JobClock)


def test_helpers(assert_enqueued_jobs: AssertCount, assert_enqueued_with: AssertWith) -> None:
    assert_type(assert_enqueued_jobs(1, only=ship), JobMatcher)
    with assert_enqueued_with(ship, args=[42], queue="orders"):
        pass


def test_wrong(have_enqueued_job: HaveJob, job_clock: JobClock, perform_enqueued_jobs: PerformEnqueuedJobs) -> None:
    have_enqueued_job(ship).on_queue(5)  # WRONG
    job_clock.travel_to("tomorrow")  # WRONG
    perform_enqueued_jobs(untill=5)  # WRONG
    ship.perform_later("42")  # WRONG
"""

WRONG = [number for number, line in enumerate(USE.splitlines(), start=1) if line.endswith("# WRONG")]


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "use_of_fixtures.py"
    path.write_text(USE, encoding="utf-8")
    return path


@pytest.mark.slow
def test_mypy_knows_them(module: Path, tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    paths = os.pathsep.join(map(str, (CHECKOUT, CHECKOUT / "pytest_plugin")))
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--follow-imports=silent"]

    done = subprocess.run(
        [*command, f"--cache-dir={tmp_path}", "--hide-error-codes", module.name],
        cwd=tmp_path,
        env=os.environ | {"MYPYPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )

    found = [line for line in done.stdout.splitlines() if line.startswith(module.name) and ": error:" in line]
    assert [int(line.split(":")[1]) for line in found] == WRONG, done.stdout + done.stderr


@pytest.mark.slow
def test_pyright_knows_them(module: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyright", reason="pyright is not installed, so only mypy was asked")
    settings = {"extraPaths": [str(CHECKOUT), str(CHECKOUT / "pytest_plugin")], "typeCheckingMode": "standard"}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps({**settings, "include": [module.name]}))

    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", f"--pythonpath={sys.executable}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    if not done.stdout.startswith("{"):
        pytest.skip(f"pyright could not be started: {(done.stderr or done.stdout).strip()[-200:]}")
    errors = [one for one in json.loads(done.stdout)["generalDiagnostics"] if one["severity"] == "error"]
    assert sorted({one["range"]["start"]["line"] + 1 for one in errors}) == WRONG, errors
