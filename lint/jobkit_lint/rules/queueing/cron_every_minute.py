"""JK408: a schedule names an hour or a day, but no minute."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.facts.schedules import runs_each_minute_of_some_hours
from jobkit_lint.index.symbols import Module
from jobkit_lint.rules.base import Fixing, Replace, Report, Rule
from jobkit_lint.rules.edits import with_keyword
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.rules.queueing.schedule_calls import CRONTABS, FIELD_NAMES, cron_texts, schedule_calls
from jobkit_lint.tree import expressions as e


class CronEveryMinute(Rule):
    """
    ## What it does
    Finds `crontab(hour=3)` of Celery and Huey and `cron(job, hour=3)` of arq that name an hour, a day or a month but
    no minute, and cron texts such as `* 3 * * *`.

    ## Why is this bad
    A minute that is left out means each minute. What looks like once a day runs sixty times, and what looks like once
    a week runs 1440 times on that day.

    ## What to do instead
    Say the minute: `crontab(hour=3, minute=0)`, `0 3 * * *`. The unsafe fix writes 0.

    ## When to ignore
    When each minute of that hour is meant. `minute="*"` says so.
    """

    code = "JK408"
    name = "cron-every-minute"
    summary = "A schedule without a minute runs each minute of the hour."
    severity = Severity.ERROR
    since = "0.1"

    examples = (
        Bad(
            "a table of Celery",
            """
            from celery import Celery
            from celery.schedules import crontab

            app = Celery("shop")
            app.conf.beat_schedule = {
                "report": {"task": "shop.tasks.report", "schedule": crontab(hour=3)},
                                                                    ^^^^^^^^^^^^^^^ each minute
                "weekly": {"task": "shop.tasks.weekly", "schedule": crontab(day_of_week="mon")},
                                                                    ^^^^^^^^^^^^^^^^^^^^^^^^^^
            }
            """,
            fixed="""
            from celery import Celery
            from celery.schedules import crontab

            app = Celery("shop")
            app.conf.beat_schedule = {
                "report": {"task": "shop.tasks.report", "schedule": crontab(hour=3, minute=0)},
                "weekly": {"task": "shop.tasks.weekly", "schedule": crontab(day_of_week="mon", minute=0)},
            }
            """,
        ),
        Bad(
            "a decorator of Huey, a job of arq",
            """
            # file: shop/tasks.py
            from huey import RedisHuey, crontab

            huey = RedisHuey()

            @huey.periodic_task(crontab(hour="3"))
                                ^^^^^^^^^^^^^^^^^
            def report():
                print("report")
            # file: shop/worker.py
            from arq import cron

            async def clean(ctx):
                print("clean")

            class WorkerSettings:
                cron_jobs = [cron(clean, hour=3)]
                             ^^^^^^^^^^^^^^^^^^^
            """,
        ),
        Bad(
            "a text",
            """
            from procrastinate import App

            app = App(connector=None)

            @app.periodic(cron="* 3 * * *")
                               ^^^^^^^^^^^ each minute
            @app.task
            def report(timestamp):
                print(timestamp)
            """,
            fixed="""
            from procrastinate import App

            app = App(connector=None)

            @app.periodic(cron="0 3 * * *")
            @app.task
            def report(timestamp):
                print(timestamp)
            """,
        ),
        Good(
            "with a minute",
            """
            from celery import Celery
            from celery.schedules import crontab

            app = Celery("shop")

            @app.on_after_configure.connect
            def plan(sender, **kwargs):
                sender.add_periodic_task(crontab(hour=3, minute=0), report.s())
                sender.add_periodic_task(crontab(0, 3), report.s())
                sender.add_periodic_task(crontab(minute="*", hour=3), report.s())
                sender.add_periodic_task(crontab(), report.s())

            @app.task
            def report():
                print("report")
            """,
        ),
        Good(
            "each minute, and no schedule of these libraries",
            """
            from celery import shared_task
            from shop.plans import crontab

            NIGHTLY = crontab(hour=3)

            @shared_task
            def report():
                print("report")
            """,
        ),
    )

    def check_module(self, module: Module, analysis: Analysis) -> Iterator[Report]:
        for call, path in schedule_calls(module, analysis):
            if path in CRONTABS:
                yield from self._call(call, path, module, analysis)
            for node, _ in cron_texts(call, path):
                text = e.literal_text(node)
                if text is not None and runs_each_minute_of_some_hours(text):
                    source = analysis.text(module, node.at)
                    fix = Fixing("At minute 0", (Replace(node.at, source.replace("*", "0", 1)),))
                    yield self._told(module, node.at, f"`{text}`", "of that hour", fix)

    def _call(self, call: e.Call, path: str, module: Module, analysis: Analysis) -> Iterator[Report]:
        skipped = CRONTABS[path]
        if call.is_open or len(call.arguments) > skipped or call.keyword("minute") is not None:
            return
        given = {
            word.name: word.value
            for word in call.keywords
            if word.name in FIELD_NAMES and not e.is_constant(word.value, "*", None)
        }
        if not given or "second" in given:
            return
        edit = with_keyword(call, "minute=0", module, analysis)
        fix = Fixing("At minute 0", (edit,)) if edit is not None else None
        yield self._told(module, call.at, f"`{analysis.text(module, call.at)}`", f"of that {_period(given)}", fix)

    def _told(self, module: Module, at: e.At, shown: str, period: str, fix: Fixing | None) -> Report:
        return self.report(module, at, f"{shown} runs each minute {period}: say the minute", fix=fix)


def _period(given: Collection[str | None]) -> str:
    if "hour" in given:
        return "hour"
    return "month" if set(given) <= {"month_of_year", "month"} else "day"
