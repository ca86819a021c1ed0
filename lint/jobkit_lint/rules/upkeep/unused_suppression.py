"""JK901: a comment that keeps nothing back."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.diagnostic import Finding, Severity
from jobkit_lint.rules.base import Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.rules.registry import all_rules
from jobkit_lint.suppressions import Suppression, removed
from jobkit_lint.upkeep import AfterRun, Run, about_comment, one_edit


class UnusedSuppression(AfterRun, Rule):
    """
    ## What it does
    Finds `# jobkit: ignore[...]` and `# noqa: JK...` comments, and single codes in them, that keep no finding back.

    ## Why is this bad
    The comment says that something is wrong here and was accepted. When the code has been mended, the comment is
    false, and it hides the next finding of the same rule on this line.

    ## What to do instead
    Remove the comment or the code; `--fix` does.

    ## When to ignore
    When a rule finds something only with other settings, for instance in a run with `--pedantic`. Comments for
    rules that did not run, and a bare `# noqa`, which speaks to other linters too, are never told.
    """

    code = "JK901"
    name = "unused-suppression"
    summary = "A suppression comment keeps no finding back."
    severity = Severity.WARNING
    since = "0.1"
    in_tests = True
    signs = ("jobkit: ignore", "jobkit:ignore", "noqa: JK", "noqa:JK")
    companions = ("JK101",)
    examples = (
        Bad(
            "nothing is wrong on the line",
            """
            from celery import shared_task

            @shared_task
            def ship(order_id):
                print(order_id)

            def view(order_id):
                ship.delay(order_id)  # jobkit: ignore[JK101] it was an object once
                                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ JK101 finds nothing
            """,
            fixed="""
            from celery import shared_task

            @shared_task
            def ship(order_id):
                print(order_id)

            def view(order_id):
                ship.delay(order_id)
            """,
        ),
        Bad(
            "one code of two, in the words of other linters",
            """
            from celery import shared_task

            @shared_task
            def ship(order_id): print(order_id)  # noqa: E704, JK101
                                                 ^^^^^^^^^^^^^^^^^^^
            """,
            fixed="""
            from celery import shared_task

            @shared_task
            def ship(order_id): print(order_id)  # noqa: E704
            """,
        ),
        Bad(
            "a comment for the whole file",
            """
            # jobkit: ignore-file[JK101] generated
            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            from celery import shared_task

            @shared_task
            def ship(order_id):
                print(order_id)
            """,
            fixed="""
            from celery import shared_task

            @shared_task
            def ship(order_id):
                print(order_id)
            """,
        ),
        Good(
            "a comment that keeps a finding back",
            """
            from celery import shared_task

            @shared_task
            def ship(user):
                print(user)

            def view(request):
                ship.delay(request.user)  # jobkit: ignore[JK101] the broker speaks pickle
            """,
        ),
        Good(
            "a rule that did not run, and a bare comment for another linter",
            """
            from celery import shared_task

            @shared_task
            def ship(order_id):  # jobkit: ignore[JK201]
                print(order_id)  # noqa
            """,
        ),
    )

    def check_run(self, run: Run) -> Iterator[Finding]:
        rules = {key: rule for rule in all_rules() for key in (rule.code, rule.name.upper())}
        for module, comment in run.suppressions():
            used = run.used.get((module.shown, *comment.place), set())
            unused: list[str] = []
            for given in comment.codes:
                rule = rules.get(given.upper())
                is_about_us = rule is not None and issubclass(rule, AfterRun)
                if rule is not None and given not in used and not is_about_us and run.can_tell(rule, module):
                    unused.append(given)
            is_bare = comment.is_ours and not comment.codes and not used and run.can_tell_all(module)
            if unused or is_bare:
                what = f"{' and '.join(unused)} {'find' if len(unused) > 1 else 'finds'} nothing" if unused else ""
                message = f"this comment keeps nothing back: {what or 'no rule finds anything'} {_where(comment)}"
                edit = removed(run.program.source(module.path), comment, unused or comment.codes)
                whole = set(unused) >= set(comment.codes)
                description = "remove the comment" if whole else f"remove {', '.join(unused)} from the comment"
                yield about_comment(type(self), module, comment, message, one_edit(description, edit, is_safe=True))


def _where(comment: Suppression) -> str:
    return "in this file" if comment.whole_file else "here"
