"""JK904: a comment that does not say why."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.diagnostic import Finding, Severity
from jobkit_lint.rules.base import Default, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.upkeep import AfterRun, Run, about_comment


class SuppressionWithoutReason(AfterRun, Rule):
    """
    ## What it does
    Finds `# jobkit: ignore[...]` comments with nothing after the bracket.

    ## Why is this bad
    Whoever reads the line later cannot tell whether the finding was weighed or only silenced.

    ## What to do instead
    Write the reason behind the bracket: `# jobkit: ignore[JK204] the newsletter may come twice`.

    ## When to ignore
    The rule is off unless it is selected: it is a house rule, not a fault.
    """

    code = "JK904"
    name = "suppression-without-reason"
    summary = "A suppression comment does not say why."
    severity = Severity.WARNING
    default = Default.OFF
    since = "0.1"
    in_tests = True
    signs = ("jobkit: ignore", "jobkit:ignore")
    examples = (
        Bad(
            "a code and nothing else",
            """
            from celery import shared_task

            @shared_task
            def ship(user):  # jobkit: ignore[JK102]
                             ^^^^^^^^^^^^^^^^^^^^^^^ say why
                print(user)
            """,
        ),
        Bad(
            "for a whole file",
            """
            # jobkit: ignore-file
            ^^^^^^^^^^^^^^^^^^^^^
            from celery import shared_task
            """,
        ),
        Good(
            "with a reason",
            """
            from celery import shared_task

            @shared_task
            def ship(user):  # jobkit: ignore[JK102] the base task fetches it
                print(user)
            """,
        ),
        Good(
            "other linters' comments have no place for one",
            """
            from celery import shared_task

            @shared_task
            def ship(user):  # noqa: JK102
                print(user)
            """,
        ),
    )

    def check_run(self, run: Run) -> Iterator[Finding]:
        for module, comment in run.suppressions():
            if comment.is_ours and not comment.reason:
                message = "say why the finding is kept, behind the bracket"
                yield about_comment(type(self), module, comment, message)
