"""What a failed ``assert have_enqueued_job(...)`` looks like in a report."""

from __future__ import annotations

import textwrap

import pytest

HEAD = """
import jobkit

@jobkit.job
def ship(order_id):
    pass
"""


def outcome_of(pytester: pytest.Pytester, test: str) -> str:
    """Run one failing test and return what pytest prints."""
    pytester.makepyfile(textwrap.dedent(HEAD) + textwrap.dedent(test))
    result = pytester.runpytest("-p", "no:randomly", "-p", "no:asyncio")
    result.assert_outcomes(failed=1)
    return result.stdout.str()


def test_the_whole_explanation_stands_in_the_report(pytester: pytest.Pytester) -> None:
    output = outcome_of(
        pytester,
        """
        def test_it(have_enqueued_job):
            ship.perform_later(1)
            assert have_enqueued_job(ship).with_args(2)
        """,
    )

    assert "E       AssertionError: expected exactly 1 ship to be enqueued" in output
    assert "E             order_id: wanted 2, found 1" in output
    assert "E       but none was like that. The nearest:" in output
    assert "E             enqueued at test_the_whole_explanation_stands_in_the_report.py:8 in test_it" in output


def test_a_negated_one_explains_what_was_there(pytester: pytest.Pytester) -> None:
    output = outcome_of(
        pytester,
        """
        def test_it(have_enqueued_job):
            ship.perform_later(1)
            assert not have_enqueued_job(ship)
        """,
    )

    assert "AssertionError: expected no ship to be enqueued" in output
    assert "ship(1) on queue 'default', at once" in output


def test_a_message_of_ones_own_stays(pytester: pytest.Pytester) -> None:
    output = outcome_of(
        pytester,
        """
        def test_it(have_enqueued_job):
            assert have_enqueued_job(ship), "nothing was shipped"
        """,
    )

    assert "AssertionError: nothing was shipped" in output
    assert "but no job was enqueued at all" in output


def test_an_assert_about_something_else_is_left_alone(pytester: pytest.Pytester) -> None:
    output = outcome_of(
        pytester,
        """
        def test_it(have_enqueued_job):
            if not have_enqueued_job(ship):
                answer = 41
            assert answer == 42
        """,
    )

    assert "assert 41 == 42" in output
    assert "expected exactly" not in output


def test_without_rewritten_asserts_it_is_explained_too(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        textwrap.dedent(HEAD)
        + textwrap.dedent(
            """
            def test_it(have_enqueued_job):
                assert have_enqueued_job(ship)
            """
        )
    )

    result = pytester.runpytest("--assert=plain", "-p", "no:randomly", "-p", "no:asyncio")

    assert "AssertionError: expected exactly 1 ship to be enqueued" in result.stdout.str()


def test_a_value_is_diffed_by_pytest(pytester: pytest.Pytester) -> None:
    output = outcome_of(
        pytester,
        """
        def test_it(have_enqueued_job):
            wanted = {"name": "Ada Lovelace", "street": "St James's Square 12", "items": [1, 2, 3], "paid": True}
            with have_enqueued_job(ship).with_args(wanted):
                ship.perform_later({**wanted, "items": [1, 2, 4]})
        """,
    )

    assert "Omitting 3 identical items" in output
    assert "{'items': [1, 2, 3]} != {'items': [1, 2, 4]}" in output


def test_the_frames_of_the_plugin_are_hidden(pytester: pytest.Pytester) -> None:
    output = outcome_of(
        pytester,
        """
        def test_it(have_enqueued_job):
            with have_enqueued_job(ship):
                pass
        """,
    )

    assert "pytest_jobkit" not in output.replace("plugins:", "")
