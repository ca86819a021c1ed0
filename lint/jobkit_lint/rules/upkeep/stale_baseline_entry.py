"""JK903: an entry of the baseline whose finding is gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jobkit_lint.baseline import StaleEntry
from jobkit_lint.diagnostic import Confidence, Finding, Severity
from jobkit_lint.judging import HELP_URL
from jobkit_lint.rules.base import Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.upkeep import AfterRun


class StaleBaselineEntry(AfterRun, Rule):
    """
    ## What it does
    Finds entries of the baseline that match no finding any more, or fewer than they say.

    ## Why is this bad
    The finding was mended, which is good news; but while the entry stays, the same fault may come back
    to the same line without a word.

    ## What to do instead
    `jobkit lint --prune-baseline` removes what is stale and adds nothing.

    ## When to ignore
    When branches are linted whose code is older than the baseline. Entries of files that were not looked
    at, and of rules that did not run, are never told.
    """

    code = "JK903"
    name = "stale-baseline-entry"
    summary = "An entry of the baseline matches no finding any more."
    severity = Severity.WARNING
    since = "0.1"
    in_tests = True
    companions = ("JK101",)
    examples = (
        Bad(
            "the finding was mended",
            """
            # file: jobkit-baseline.json
            {
              "version": 1,
              "findings": [
                {"path":"shop/tasks.py","code":"JK101","job":"shop.tasks.ship","source":"b5cca7b9a17e9c1f"}
            ^ shop/tasks.py: JK101 is not found there any more
              ]
            }
            # file: shop/tasks.py
            from celery import shared_task

            @shared_task
            def ship(order_id):
                print(order_id)
            """,
            settings={"baseline": "jobkit-baseline.json"},
        ),
        Bad(
            "one of two is left",
            """
            # file: jobkit-baseline.json
            {
              "version": 1,
              "findings": [
                {"path":"shop/tasks.py","code":"JK101","job":"shop.tasks.ship","source":"2065b932afe4f5b7","count":2}
            ^ found once, not 2 times
              ]
            }
            # file: shop/tasks.py
            from celery import shared_task

            @shared_task
            def ship(user):
                print(user)

            def view(request):
                ship.delay(request.user)
            """,
            settings={"baseline": "jobkit-baseline.json"},
        ),
        Good(
            "the finding is still there",
            """
            # file: jobkit-baseline.json
            {
              "version": 1,
              "findings": [
                {"path":"shop/tasks.py","code":"JK101","job":"shop.tasks.ship","source":"2065b932afe4f5b7"}
              ]
            }
            # file: shop/tasks.py
            from celery import shared_task

            @shared_task
            def ship(user):
                print(user)

            def view(request):
                ship.delay(request.user)
            """,
            settings={"baseline": "jobkit-baseline.json"},
        ),
        Good(
            "a rule that did not run",
            """
            # file: jobkit-baseline.json
            {
              "version": 1,
              "findings": [
                {"path":"shop/tasks.py","code":"JK201","job":"shop.tasks.ship","source":"b5cca7b9a17e9c1f"}
              ]
            }
            # file: shop/tasks.py
            from celery import shared_task

            @shared_task
            def ship(order_id):
                print(order_id)
            """,
            settings={"baseline": "jobkit-baseline.json"},
        ),
    )

    def check_baseline(self, stale: Sequence[StaleEntry]) -> Iterator[Finding]:
        for one in stale:
            entry = one.entry
            if one.found:
                times = "once" if one.found == 1 else f"{one.found} times"
                what = f"was found {times}, not {entry.count} times"
            else:
                what = "is not found there any more"
            job = f" in {entry.job}" if entry.job else ""
            yield Finding(
                self.code,
                self.name,
                self.severity,
                Confidence.CERTAIN,
                one.baseline,
                one.line,
                1,
                one.line,
                2,
                f"{entry.path}: {entry.code} {what}{job}; --prune-baseline removes the entry",
                help_url=HELP_URL.format(code=self.code),
            )
