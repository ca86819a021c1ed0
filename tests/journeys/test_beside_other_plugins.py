"""Beside what else a project runs its tests with: unittest, xdist, randomly, asyncio, anyio, warnings as errors."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest

Run = Callable[..., pytest.RunResult]

UNITTEST = """
import unittest

from pytest_jobkit.testcase import JobTestMixin
from shop import GATEWAY, CardExpired, checkout, process_order, send_mail


class CheckoutTest(JobTestMixin, unittest.TestCase):
    def test_it_enqueues(self):
        with self.have_enqueued_job(process_order).with_args(42):
            checkout(42)

    def test_it_mails(self):
        checkout(42)
        self.assertEqual(self.perform_enqueued_jobs().succeeded, 2)
        self.assert_performed_with(send_mail, args=[42, "Confirmation"])

    @unittest.expectedFailure
    def test_a_silent_failure_is_none(self):
        GATEWAY.failing.append(CardExpired())
        checkout(42)
        self.perform_enqueued_jobs()


class AsyncTest(JobTestMixin, unittest.IsolatedAsyncioTestCase):
    async def test_it_awaits(self):
        checkout(42)
        self.assertEqual((await self.perform_enqueued_jobs()).succeeded, 2)
"""

ASYNC = """
import asyncio
import pytest
from shop import checkout, process_order, tell_warehouse

{marks}
async def test_a_drain_is_awaited(perform_enqueued_jobs, have_performed_job):
    tell_warehouse.perform_later(42)
    result = await perform_enqueued_jobs()
    assert result.succeeded == 1
    assert have_performed_job(tell_warehouse).where(lambda job: job.result == 42)

{marks}
async def test_a_block_is_awaited(perform_enqueued_jobs, have_enqueued_job):
    async with perform_enqueued_jobs(), have_enqueued_job(tell_warehouse):
        tell_warehouse.perform_later(42)

{marks}
async def test_retries_are_awaited(simulate_retries):
    run = await simulate_retries(tell_warehouse, 42, raising=OSError)
    assert run.outcome == "dead"

{marks}
async def test_sleep_ends_although_the_clock_stands_still(job_clock):
    before = job_clock.now()
    await {sleep}(0.01)
    assert job_clock.now() == before
"""

MANY = """
import pytest
from shop import checkout, process_order


@pytest.mark.parametrize("number", range(6))
def test_each_has_its_own_engine(jobs, number):
    assert jobs.enqueued == []
    checkout(number)
    assert jobs.have_enqueued_job(process_order).with_args(number)


def test_one_fails(jobs):
    checkout(7)
    assert not jobs.have_enqueued_job(process_order)
"""


def test_unittest_under_pytest(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(test_shop=UNITTEST)

    run("-W", "error").assert_outcomes(passed=3, xfailed=1)


def test_a_unittest_that_fails_under_pytest_has_its_jobs_in_the_report(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(
        test_shop="""
        import unittest
        from pytest_jobkit.testcase import JobTestMixin
        from shop import checkout, process_order

        class CheckoutTest(JobTestMixin, unittest.TestCase):
            def test_it_fails(self):
                with self.have_enqueued_job(process_order).with_args(42):
                    checkout(41)
        """
    )

    result = run("--jobkit-report=page.html")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*order_id: wanted 42, found 41", "*jobs of this test*", "+0 s*process_order(41)*"])
    assert result.stdout.str().count("jobs of this test") == 1
    assert "1 test with jobs, 1 failed;" in (project.path / "page.html").read_text(encoding="utf-8")


def test_unittest_alone(project: pytest.Pytester) -> None:
    project.makepyfile(test_shop=UNITTEST)

    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "unittest", "-q", "test_shop"],
        cwd=project.path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "Ran 4 tests" in done.stderr


def test_two_workers_write_one_report(project: pytest.Pytester, run: Run) -> None:
    pytest.importorskip("xdist")
    project.makepyfile(test_one=MANY, test_two=MANY)

    result = run("-n", "2", "--jobkit-report=out/jobs.html")

    result.assert_outcomes(passed=12, failed=2)
    page = (project.path / "out" / "jobs.html").read_text(encoding="utf-8")
    assert "14 tests with jobs, 2 failed;\n14 jobs, 0 executions." in page
    assert [path.name for path in (project.path / "out").iterdir()] == ["jobs.html"]


def test_any_order_will_do(project: pytest.Pytester, run: Run) -> None:
    pytest.importorskip("pytest_randomly")
    project.makepyfile(test_shop=MANY)

    for seed in (1, 2):
        result = run(f"--randomly-seed={seed}", in_order=False)
        result.assert_outcomes(passed=6, failed=1)


@pytest.mark.parametrize(("mode", "marks"), [("strict", "@pytest.mark.asyncio"), ("auto", "")])
def test_pytest_asyncio(project: pytest.Pytester, run: Run, mode: str, marks: str) -> None:
    pytest.importorskip("pytest_asyncio")
    project.makepyfile(test_shop=ASYNC.format(marks=marks, sleep="asyncio.sleep"))

    run("-W", "error", "-o", f"asyncio_mode={mode}").assert_outcomes(passed=4)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_anyio(project: pytest.Pytester, run: Run, backend: str) -> None:
    pytest.importorskip("anyio")
    pytest.importorskip(backend)
    fixture = f"\n@pytest.fixture\ndef anyio_backend(): return {backend!r}\n"
    project.makepyfile(
        test_shop=f"import anyio\n{ASYNC.format(marks='@pytest.mark.anyio', sleep='anyio.sleep')}{fixture}"
    )

    run("-W", "error").assert_outcomes(passed=4)


def test_an_async_test_that_forgets_to_await_is_told_what_to_write(project: pytest.Pytester, run: Run) -> None:
    pytest.importorskip("pytest_asyncio")
    project.makepyfile(
        test_shop="""
        import pytest
        from shop import tell_warehouse

        @pytest.mark.asyncio
        async def test_it(perform_enqueued_jobs):
            tell_warehouse.perform_later(42)
            perform_enqueued_jobs()
        """
    )

    result = run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*In this test: await perform_enqueued_jobs(...), or async with *"])


def test_without_the_plugin_tests_that_do_not_use_it_run(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(
        test_shop="""
        from pytest_jobkit import JobSession
        from shop import checkout, process_order

        def test_plain(): ...

        def test_by_hand():
            with JobSession() as jobs:
                checkout(42)
                assert jobs.have_enqueued_job(process_order)

        def test_fixture(jobs): ...
        """
    )

    result = run("-p", "no:jobkit", "-W", "error")

    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*fixture 'jobs' not found"])


def test_junit_gets_the_counts(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(test_shop=MANY)

    run("--junitxml=out.xml")

    cases = ET.parse(project.path / "out.xml").iter("testcase")
    found = [{entry.get("name"): entry.get("value") for entry in case.iter("property")} for case in cases]
    assert found == [{"jobkit_enqueued": "1", "jobkit_performed": "0"}] * 7
