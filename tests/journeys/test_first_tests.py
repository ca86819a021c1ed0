"""The first evening with the plugin: four tests that pass, and what the first failures say."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from _pytest.pytester import LineMatcher

Run = Callable[..., pytest.RunResult]

FIRST = """
import pytest
from shop import ORDERS, ConnectTimeout, checkout, process_order, send_mail


def test_performing_changes_the_status(jobs):
    process_order.perform_now(42)

    assert ORDERS[42] == "processed"


def test_a_mail_is_enqueued(have_enqueued_job):
    with have_enqueued_job(send_mail).with_args(42, "Confirmation").delayed_by(60):
        process_order.perform_now(42)


def test_network_errors_are_retried(simulate_retries):
    run = simulate_retries(process_order, 42, raising=ConnectTimeout, times=4)

    assert run.waits == pytest.approx([3, 18, 83, 258], rel=0.16)
    assert run.outcome == "succeeded"


def test_enqueued_with_arguments_on_a_queue(have_enqueued_job):
    with have_enqueued_job(process_order).with_args(42).on_queue("orders"):
        checkout(42)
"""


def test_the_four_tests_of_every_shop(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(test_shop=FIRST)

    run("-W", "error").assert_outcomes(passed=4)


def test_a_wrong_argument_is_found_without_a_debugger(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(
        test_shop="""
        from shop import checkout, process_order

        def test_checkout(have_enqueued_job):
            with have_enqueued_job(process_order).with_args(42).on_queue("low"):
                checkout(41)
        """
    )

    result = run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E*expected exactly 1 process_order to be enqueued in the block",
            "E*process_order(41) on queue 'orders', at once",
            "E*order_id: wanted 42, found 41",
            "E*queue:    wanted 'low', found 'orders'",
            "E*enqueued at shop.py:* in checkout",
            "*jobs of this test*",
            "+0 s*#1 process_order(41) enqueued on 'orders', at shop.py:* in checkout",
        ]
    )


def test_an_assert_says_as_much_as_a_block(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(
        test_shop="""
        from shop import checkout, process_order

        def test_checkout(have_enqueued_job):
            checkout(41)
            assert have_enqueued_job(process_order).with_args(42), "the order of the basket"
        """
    )

    result = run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*the order of the basket", "E*order_id: wanted 42, found 41"])


def test_an_expired_card_goes_unnoticed_until_it_is_said(project: pytest.Pytester, run: Run) -> None:
    test = """
        from shop import GATEWAY, CardExpired, checkout, process_order

        def test_checkout(perform_enqueued_jobs, have_discarded_job):
            GATEWAY.failing.append(CardExpired("4242"))
            checkout(42)
            perform_enqueued_jobs()
    """
    project.makepyfile(test_shop=test)

    silent = run()

    silent.assert_outcomes(failed=1)
    silent.stdout.fnmatch_lines(
        [
            "silent failure: process_order(42) was discarded after CardExpired: 4242 (discard_on(CardExpired))",
            "*If that is right: assert have_discarded_job(process_order)",
        ]
    )
    project.makepyfile(test_shop=f"{test}        assert have_discarded_job(process_order)\n")
    run().assert_outcomes(passed=1)


def test_a_whole_suite_may_be_lenient(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(
        test_shop="""
        from shop import GATEWAY, CardExpired, checkout

        def test_checkout(perform_enqueued_jobs):
            GATEWAY.failing.append(CardExpired("4242"))
            checkout(42)
            perform_enqueued_jobs()
        """
    )

    run("-o", "jobkit_strict=false").assert_outcomes(passed=1)


def test_a_job_that_dies_stops_the_test_with_its_own_error(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(
        test_shop="""
        from shop import GATEWAY, checkout

        def test_checkout(perform_enqueued_jobs):
            GATEWAY.failing.append(KeyError("currency"))
            checkout(42)
            perform_enqueued_jobs()
        """
    )

    result = run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E*KeyError: 'currency'", "shop.py:*: KeyError", "*attempt 1 dead: KeyError: 'currency'*"]
    )


def test_tracebacks_show_the_users_code_alone(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(
        test_shop="""
        from shop import GATEWAY, checkout, process_order

        def test_of_a_job(perform_enqueued_jobs):
            GATEWAY.failing.append(KeyError("currency"))
            checkout(42)
            perform_enqueued_jobs()

        def test_of_a_call(jobs):
            process_order.perform_later()

        def test_of_a_modifier(have_enqueued_job):
            have_enqueued_job(process_order).with_args(1, 2)

        def test_of_a_contradiction(have_enqueued_job):
            have_enqueued_job(process_order).once().twice()
        """
    )

    short = run().stdout.str()
    full = run("--full-trace").stdout.str()

    assert "4 failed" in short
    for file in ("drain.py", "definition.py", "matcher.py", "count.py", "performing.py"):
        assert file not in short
        assert file in full


def test_a_name_that_is_misspelt(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(
        test_shop="""
        import pytest

        @pytest.mark.jobkit(allow=["discard"])
        def test_marker(jobs): ...

        @pytest.mark.jobkit(strikt=False)
        def test_keyword(jobs): ...
        """
    )

    result = run()

    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(
        [
            "*no such kind 'discard'; there are discarded, dead, halted*",
            "*takes allow=[[]...] and strict=*, not *strikt*",
        ]
    )


def test_what_the_plugin_offers_is_in_pytests_own_help(run: Run) -> None:
    fixtures = run("--fixtures", "-q").stdout.str()
    markers = run("--markers").stdout.str()

    for name in ("jobs", "have_enqueued_job", "perform_enqueued_jobs", "simulate_retries", "job_clock", "retry_safety"):
        lines = LineMatcher(fixtures.splitlines())
        lines.fnmatch_lines([f"{name} -- *"])
    assert "@pytest.mark.jobkit(allow=" in markers


def test_tests_without_jobs_are_left_alone(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(
        test_plain="""
        import sys

        def test_nothing_is_imported():
            heavy = {"hypothesis", "freezegun", "jinja2", "rich", "jobkit"}
            assert heavy & set(sys.modules) == set()
        """
    )

    run("-p", "no:inline_snapshot", "-p", "no:asyncio", "-p", "no:hypothesispytest").assert_outcomes(passed=1)


@pytest.mark.parametrize("option", ["--jobkit-trace", "-ojobkit_trace=true"])
def test_the_story_of_passed_tests_too(project: pytest.Pytester, run: Run, option: str) -> None:
    project.makepyfile(test_shop=FIRST)

    result = run(option)

    result.stdout.fnmatch_lines(
        ["*jobs of each test*", "*test_network_errors_are_retried (passed)", "*attempt 5 succeeded"]
    )
