"""JK902: a comment that names a rule which does not exist."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobkit_lint.config import nearest_word
from jobkit_lint.diagnostic import Finding, Severity
from jobkit_lint.rules.base import Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.rules.registry import all_rules
from jobkit_lint.suppressions import Suppression, rewritten
from jobkit_lint.upkeep import AfterRun, Run, about_comment, one_edit

_OUR_CODE = re.compile(r"JK\d", re.IGNORECASE)


class UnknownRuleInSuppression(AfterRun, Rule):
    """
    ## What it does
    Finds codes and names in `# jobkit: ignore[...]` that no rule has, and codes in `# noqa: ...` that begin as
    this linter's do and are none.

    ## Why is this bad
    The comment keeps nothing back: most often it is a slip of the pen, and the finding is still there.

    ## What to do instead
    Write the code of a rule; `jobkit lint rules` lists them.

    ## When to ignore
    When the rule belongs to a package that is not installed everywhere.
    """

    code = "JK902"
    name = "unknown-rule-in-suppression"
    summary = "A suppression comment names a rule that does not exist."
    severity = Severity.WARNING
    since = "0.1"
    in_tests = True
    signs = ("jobkit: ignore", "jobkit:ignore", "noqa: JK", "noqa:JK")
    examples = (
        Bad(
            "a letter for a digit",
            """
            from celery import shared_task

            @shared_task
            def ship(order_id):  # jobkit: ignore[JK1O1] by pickle
                                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `JK1O1` is no rule: did you mean `JK101`?
                print(order_id)
            """,
            fixed="""
            from celery import shared_task

            @shared_task
            def ship(order_id):  # jobkit: ignore[JK101] by pickle
                print(order_id)
            """,
        ),
        Bad(
            "a name that is not quite one",
            """
            from celery import shared_task

            @shared_task
            def ship(order_id):  # jobkit: ignore[object-arguments]
                                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ did you mean `object-argument`?
                print(order_id)
            """,
        ),
        Bad(
            "in the words of other linters",
            """
            from celery import shared_task

            @shared_task
            def ship(order_id): print(order_id)  # noqa: E704, JK1010
                                                 ^^^^^^^^^^^^^^^^^^^^
            """,
        ),
        Good(
            "a code, a name, a beginning of codes for noqa",
            """
            from celery import shared_task

            @shared_task
            def ship(order_id):  # jobkit: ignore[JK101, object-argument]
                print(order_id)  # noqa: JK1
            """,
        ),
        Good(
            "codes of other linters",
            """
            from celery import shared_task

            @shared_task
            def ship(order_id):  # noqa: ANN001, XYZ12
                print(order_id)
            """,
        ),
    )

    def check_run(self, run: Run) -> Iterator[Finding]:
        codes = [rule.code for rule in all_rules()]
        names = [rule.name for rule in all_rules()]
        for module, comment in run.suppressions():
            for given in dict.fromkeys(comment.codes):
                if _is_known(given, comment, codes, names):
                    continue
                near = nearest_word(given, [*codes, *names])
                offer = f"did you mean `{near}`?" if near else "`jobkit lint rules` lists them"
                fix = None
                if near is not None:
                    edit = rewritten(run.program.source(module.path), comment, {given: near})
                    fix = one_edit(f"write {near}", edit, is_safe=False)
                yield about_comment(type(self), module, comment, f"`{given}` is no rule: {offer}", fix)


def _is_known(given: str, comment: Suppression, codes: list[str], names: list[str]) -> bool:
    if comment.is_ours:
        return given.upper() in codes or given.lower() in names
    return not _OUR_CODE.match(given) or any(code.startswith(given.upper()) for code in codes)
