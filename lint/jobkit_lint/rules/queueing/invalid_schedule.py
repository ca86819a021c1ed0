"""JK409: a schedule or a delay that cannot be what is meant."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.facts.schedules import fault_of, fault_of_text
from jobkit_lint.flow.places import Place
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.index.sites import Site
from jobkit_lint.index.symbols import Module
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.rules.numbers import number_of
from jobkit_lint.rules.queueing.schedule_calls import CRONTABS, cron_texts, schedule_calls
from jobkit_lint.tree import expressions as e

DELAYS = ("countdown", "delay", "wait", "expires")
# crontab() of Celery by position
ORDER = ("minute", "hour", "day_of_week", "day_of_month", "month_of_year")
NOW = frozenset({"datetime.datetime.now", "datetime.datetime.today"})
MAX_DEPTH = 4


class InvalidSchedule(Rule):
    """
    ## What it does
    Finds cron texts and `crontab(...)` calls that no parser takes or that match no date (31 February), delays below
    zero, and `eta=datetime.now()` of Celery without a time zone.

    ## Why is this bad
    A schedule that cannot be parsed stops the scheduler when it starts; one that matches nothing is never run, and
    nobody is told. A time without a zone is taken by Celery's worker for UTC, so that the job runs hours too early or
    too late on a machine with another zone.

    ## What to do instead
    Correct the field. Give times with a zone: `datetime.now(timezone.utc) + timedelta(hours=1)`, or a `countdown`.

    ## When to ignore
    When the machines and the app of Celery are all in UTC.
    """

    code = "JK409"
    name = "invalid-schedule"
    summary = "A schedule or a delay that cannot be what is meant."
    severity = Severity.ERROR
    since = "0.1"

    examples = (
        Bad(
            "fields that do not exist, a day that never comes",
            """
            from celery import Celery
            from celery.schedules import crontab
            from procrastinate import App

            app = Celery("shop")
            app.conf.beat_schedule = {
                "a": {"task": "report", "schedule": crontab(minute=0, hour=24)},
                                                    ^^^^^^^^^^^^^^^^^^^^^^^^^^ `24` is no hour
                "b": {"task": "report", "schedule": crontab(0, 0, day_of_month=31, month_of_year="2,4")},
                                                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ never runs
            }

            jobs = App(connector=None)

            @jobs.periodic(cron="0 0 30 2 *")
                                ^^^^^^^^^^^^ never runs
            @jobs.task
            def report(timestamp):
                print(timestamp)
            """,
        ),
        Bad(
            "a time without a zone, a delay below zero",
            """
            from datetime import datetime, timedelta
            from celery import shared_task

            @shared_task
            def remind(pk):
                print(pk)

            def later(pk):
                remind.apply_async((pk,), eta=datetime.now() + timedelta(hours=1))
                                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ without a zone
                when = datetime.now()
                remind.apply_async((pk,), eta=when)
                                              ^^^^
                remind.apply_async((pk,), countdown=-5)
                                                    ^^ below zero
            """,
        ),
        Bad(
            "a sixth field that the parser does not take",
            """
            from taskiq import InMemoryBroker

            broker = InMemoryBroker()

            @broker.task(schedule=[{"cron": "0 0 3 * * *"}])
                                            ^^^^^^^^^^^^^ it has 6 fields
            async def report():
                print("report")
            """,
        ),
        Good(
            "dates that come",
            """
            from celery.schedules import crontab
            from celery import shared_task
            from procrastinate import App

            WEEKLY = crontab(minute="*/15", hour="8-17", day_of_week="mon-fri")
            LEAP = crontab(0, 0, day_of_month="29", month_of_year="feb")
            jobs = App(connector=None)

            @jobs.periodic(cron="0 0 28 2 *")
            @jobs.periodic(cron="*/10 * * * * 30")
            @jobs.task
            def report(timestamp):
                print(timestamp)
            """,
        ),
        Good(
            "times with a zone, and frameworks that take local ones",
            """
            from datetime import datetime, timedelta, timezone
            from celery import shared_task
            from django.utils import timezone as django_timezone

            @shared_task
            def remind(pk):
                print(pk)

            def later(pk, seconds):
                remind.apply_async((pk,), eta=datetime.now(timezone.utc) + timedelta(hours=1))
                remind.apply_async((pk,), eta=django_timezone.now() + timedelta(hours=1))
                remind.apply_async((pk,), eta=datetime.utcnow() + timedelta(hours=1))
                remind.apply_async((pk,), countdown=seconds)
            """,
        ),
    )

    def check_module(self, module: Module, analysis: Analysis) -> Iterator[Report]:
        for call, path in schedule_calls(module, analysis):
            if path in CRONTABS and path != "arq.cron" and not call.is_open:
                fault = fault_of(_fields(call))
                if fault is not None:
                    yield self.report(module, call.at, f"this schedule is wrong: {fault}")
            for node, known in cron_texts(call, path):
                text = e.literal_text(node)
                is_longer = text is not None and known.seconds and len(text.split()) != 5
                fault = fault_of_text(text) if text is not None and not is_longer else None
                if fault is not None:
                    yield self.report(module, node.at, f"`{text}` is no schedule: {fault}")

    def check_site(self, site: Site, analysis: Analysis) -> Iterator[Report]:
        if site.step is None:
            return
        for name in DELAYS:
            value = site.options.get(name)
            number = number_of(value, site.scope, site.step.place, analysis) if value is not None else None
            if value is not None and number is not None and number < 0:
                yield self._at(site, value, f"a `{name}` below zero is none: the job runs at once")
        eta = site.options.get("eta") if site.framework.name == "celery" else None
        if eta is not None and _is_naive(eta, site.scope, site.step.place, analysis, 0):
            yield self._at(
                site,
                eta,
                "a time without a zone is taken for UTC by the worker: give one with a zone "
                "(`datetime.now(timezone.utc)`), or a `countdown`",
            )

    def _at(self, site: Site, value: e.AnyExpression, message: str) -> Report:
        within = site.step.place.statement.at if site.step is not None else None
        return self.report(site.module, value.at, message, job=site.job, within=within)


def _fields(call: e.Call) -> dict[str, str]:
    """The fields that are literals, as text; the others match everything."""
    given = dict(zip(ORDER, call.arguments, strict=False))
    given.update({word.name: word.value for word in call.keywords if word.name is not None})
    huey = {"day": "day_of_month", "month": "month_of_year"}
    fields: dict[str, str] = {}
    for name, value in given.items():
        if isinstance(value, e.Constant) and value.kind in ("str", "int") and value.value is not None:
            fields[huey.get(name, name)] = str(value.value).replace(" ", "")
        else:
            fields[huey.get(name, name)] = "*" if name != "day_of_week" else "0-6"
    return fields


def _is_naive(node: e.AnyExpression, scope: Scope, place: Place | None, analysis: Analysis, depth: int) -> bool:
    """Whether the value certainly is a local time without a zone."""
    match node:
        case e.Call(arguments=(), keywords=()):
            return bool(NOW & set(analysis.paths(node.function, scope, place)))
        case e.Operation(operators=("+" | "-",), operands=(first, second)):
            return any(_is_naive(part, scope, place, analysis, depth) for part in (first, second))
        case e.Name(id=name) if name in scope.bindings and depth < MAX_DEPTH:
            reaching = scope.reaching(name, place, node.at) or []
            return bool(reaching) and all(
                binding.kind == "assign"
                and binding.index is None
                and binding.value is not None
                and _is_naive(binding.value, scope, binding.place, analysis, depth + 1)
                for binding in reaching
            )
        case _:
            return False
