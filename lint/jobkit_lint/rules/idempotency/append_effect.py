"""JK207: a job appends, and a second run appends again."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Recipe, Severity
from jobkit_lint.facts.words import says_log
from jobkit_lint.flow.effects import Effect, EffectKind, Reached
from jobkit_lint.flow.writes import sql_text
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Default, Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e

LISTS = frozenset({"rpush", "lpush", "rpushx", "lpushx", "xadd"})
OPENERS = frozenset({"builtins.open", "io.open", "pathlib.Path().open", "codecs.open"})
STORES = ("redis.", "aioredis.", "django_redis.", "valkey.")


class AppendEffect(Rule):
    """
    ## What it does
    Finds what a job appends to: a file opened with `"a"`, a list or stream of Redis (`rpush`, `lpush`, `xadd`),
    with nothing before it that tells a second run from the first.

    ## Why is this bad
    A job runs at least once. What is set stays as it is in a second run; what is appended is there twice.

    ## What to do instead
    A set in place of a list (`sadd`), a row with a unique key, a file of its own for each run that is moved to its
    place at the end.

    ## When to ignore
    When a second entry does no harm. Keys and files whose name says that they are a log are left alone. This rule is
    off unless it is selected.
    """

    code = "JK207"
    name = "append-effect"
    summary = "A job appends, and a second run appends again."
    severity = Severity.INFO
    default = Default.OFF
    since = "0.1"

    examples = (
        Bad(
            "a list of Redis",
            """
            from celery import shared_task
            from redis import Redis

            redis = Redis()

            @shared_task
            def welcome(user_id):
                redis.rpush("welcomed", user_id)
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ twice
            """,
        ),
        Bad(
            "a file",
            """
            from jobkit import job

            @job
            def export(row):
                with open("export.csv", "a") as file:
                     ^^^^^^^^^^^^^^^^^^^^^^^ twice
                    file.write(row)
            """,
        ),
        Good(
            "a set",
            """
            from celery import shared_task
            from redis import Redis

            redis = Redis()

            @shared_task
            def welcome(user_id):
                redis.sadd("welcomed", user_id)
            """,
        ),
        Good(
            "a log, and a file that is written anew",
            """
            from jobkit import job

            @job
            def export(row):
                with open("export.log", "a") as file:
                    file.write(row)
                with open("export.csv", "w") as file:
                    file.write(row)
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        if analysis.declares_idempotent(job):
            return
        reason = analysis.rerun_reason(job)
        for reached in analysis.calls(job) if reason is not None else ():
            what = _appends(reached, analysis)
            if what is None:
                continue
            effect = Effect(reached.step, reached.scope, reached.hops, kind=EffectKind.OTHER, what=what, path="")
            if analysis.guards(effect):
                continue
            yield self.report_effect(
                job,
                effect,
                f"running `{job.name.rpartition('.')[2]}` twice appends to {what} twice: {reason}",
                analysis,
                recipe=Recipe(("kill",), "after", reached.step.call.at.end_line, "one entry"),
            )


def _appends(reached: Reached, analysis: Analysis) -> str | None:
    """What a call appends to, in words; None if it does not, or to a log."""
    step, scope = reached.step, reached.scope
    function = step.call.function
    paths = analysis.paths(function, scope, step.place)
    name = sql_text(step.call.argument(0), scope, step) or ""
    if isinstance(function, e.Attribute) and function.name in LISTS:
        is_store = any(path.startswith(STORES) for path in paths)
        return "a list in Redis" if is_store and not says_log(name) else None
    if OPENERS & set(paths):
        position = 0 if "pathlib.Path().open" in paths else 1
        mode = e.literal_text(step.call.argument(position, "mode")) or ""
        return "a file" if mode.startswith("a") and not says_log(name) else None
    return None
