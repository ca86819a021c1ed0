"""JK307: a delay that is longer than the broker keeps a message for one worker."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Recipe, Severity
from jobkit_lint.facts.brokers import BROKERS, Broker, broker_of
from jobkit_lint.flow.places import Place
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.index.jobs import Job
from jobkit_lint.index.sites import Site
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.configuration import configured
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.rules.numbers import number_of, seconds_from_now
from jobkit_lint.tree import expressions as e

ADDRESSES = ("BROKER_URL", "broker")
TRANSPORT = "BROKER_TRANSPORT_OPTIONS"
DECLARED = ("default_retry_delay", "retry_backoff_max", "countdown")
LIMITS = ("time_limit", "soft_time_limit")


class DelayOverVisibility(Rule):
    """
    ## What it does
    Finds delays of Celery jobs that are longer than the broker keeps a message for one worker: `countdown`, `eta`,
    `default_retry_delay`, `retry_backoff_max`, and the `time_limit` of a job that is acknowledged late. The limit is
    3600 s with Redis and 1800 s with SQS, or the `visibility_timeout` that is set, and 1800 s with RabbitMQ.

    ## Why is this bad
    A worker takes a message with a delay at once and holds it, unacknowledged, until it is due. When the limit is over
    the broker gives it to the next worker, who holds it as well: the job runs twice, or once for each hour of delay.

    ## What to do instead
    Store the time when it is due, and let a periodic job enqueue what has come due. Or raise `visibility_timeout`
    above the longest delay.

    ## When to ignore
    When the limit is set where the linter does not see it, as on the broker itself.
    """

    code = "JK307"
    name = "delay-over-visibility"
    summary = "A delay is longer than the broker keeps a message for one worker."
    severity = Severity.ERROR
    since = "0.1"
    frameworks = ("celery",)
    signs = ("BROKER_URL", "CELERY_BROKER_URL", "broker_url", "BROKER_TRANSPORT_OPTIONS",
             "CELERY_BROKER_TRANSPORT_OPTIONS", "broker_transport_options")  # fmt: skip

    examples = (
        Bad(
            "Redis as it comes",
            """
            # file: shop/settings.py
            CELERY_BROKER_URL = "redis://localhost/0"
            # file: shop/tasks.py
            from datetime import timedelta
            from celery import shared_task
            from django.utils import timezone

            @shared_task
            def remind(pk):
                print(pk)

            def later(pk):
                remind.apply_async((pk,), countdown=2 * 60 * 60)
                                                    ^^^^^^^^^^^ after 3600 s, and this waits 7200 s
                remind.apply_async((pk,), eta=timezone.now() + timedelta(days=1))
                                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ 86400 s
            """,
        ),
        Bad(
            "a limit of the project's own, a job that is acknowledged late",
            """
            import os
            from celery import Celery

            app = Celery("shop", broker=os.environ.get("BROKER", "sqs://"))
            app.conf.broker_transport_options = {"visibility_timeout": 600}

            @app.task(bind=True, acks_late=True, time_limit=900)
                                                 ^^^^^^^^^^^^^^ after 600 s, and this may run 900 s
            def load(self, path):
                raise self.retry(countdown=1200)
                                           ^^^^ 1200 s
            """,
        ),
        Good(
            "a limit that is long enough, or a short delay",
            """
            # file: shop/settings.py
            CELERY_BROKER_URL = "redis://localhost/0"
            CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 60 * 60 * 24}
            # file: shop/tasks.py
            from celery import shared_task

            @shared_task(time_limit=7200)
            def remind(pk):
                print(pk)

            def later(pk, seconds):
                remind.apply_async((pk,), countdown=7200)
                remind.apply_async((pk,), countdown=seconds)
            """,
        ),
        Good(
            "a broker that is not known",
            """
            from celery import shared_task

            @shared_task
            def remind(pk):
                print(pk)

            def later(pk):
                remind.apply_async((pk,), countdown=7200)
            """,
        ),
    )

    def check_site(self, site: Site, analysis: Analysis) -> Iterator[Report]:
        step = site.step
        for name in ("countdown", "eta") if step is not None else ():
            value = site.options.get(name)
            if value is not None and step is not None:
                yield from self._judged(value, name, site.scope, step.place, site.job, analysis)

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        top = analysis.module_scope(job.module)
        declaration = job.declaration
        for word in declaration.keywords if isinstance(declaration, e.Call) else ():
            if word.name in DECLARED:
                yield from self._judged(word.value, word.name or "", top, None, job, analysis)
            elif word.name in LIMITS and e.is_constant(job.option("acks_late"), True):
                yield from self._judged(word.value, "limit", top, None, job, analysis, word.at)
        scope = analysis.body(job)
        for step in scope.steps if scope is not None and job.self_name is not None else ():
            function = step.call.function
            if isinstance(function, e.Attribute) and function.name == "retry" and scope is not None:
                if e.dotted(function.value) != job.self_name:
                    continue
                for name in ("countdown", "eta"):
                    value = step.call.keyword(name)
                    if value is not None:
                        yield from self._judged(value, name, scope, step.place, job, analysis)

    def _judged(
        self,
        value: e.AnyExpression,
        name: str,
        scope: Scope,
        place: Place | None,
        job: Job,
        analysis: Analysis,
        at: e.At | None = None,
    ) -> Iterator[Report]:
        limit = visibility(analysis)
        if limit is None:
            return
        read = seconds_from_now if name == "eta" else number_of
        seconds = read(value, scope, place, analysis)
        if seconds is None or seconds <= limit[1]:
            return
        broker, longest = limit
        is_limit = name == "limit"
        waits = f"this {'may run' if is_limit else 'waits'} {seconds:g} s"
        yield self.report(
            scope.module,
            at or value.at,
            f"{broker.title} gives an unacknowledged message to another worker after {longest:g} s, and {waits}: "
            f"`{job.name.rpartition('.')[2]}` runs twice",
            job=job,
            within=place.statement.at if place is not None else None,
            recipe=Recipe(("noack",), "at", value.at.line, "one run") if is_limit else None,
        )


def visibility(analysis: Analysis) -> tuple[Broker, float] | None:
    """The project's broker and its limit in seconds; None if either cannot be told."""
    kinds = {analysis.settings.broker} if analysis.settings.broker else _kinds(analysis)
    kind = kinds.pop() if len(kinds) == 1 else None
    broker = BROKERS.get(kind) if kind is not None else None
    if broker is None:
        return None
    limit = broker.limit
    for setting in configured(analysis, TRANSPORT):
        if broker.option is None or not isinstance(setting.value, e.Mapping):
            return None
        given = setting.value.get(broker.option)
        if None in setting.value.keys:
            return None
        if given is not None:
            number = number_of(given, setting.scope or analysis.module_scope(setting.module), setting.place, analysis)
            if number is None:
                return None
            limit = max(limit if limit != broker.limit else 0, number)
    return broker, limit


def _kinds(analysis: Analysis) -> set[str | None]:
    """The kinds of broker that the project's settings name; None among them for one that cannot be told."""
    found: set[str | None] = set()
    for setting in configured(analysis, *ADDRESSES):
        lower = setting.name.lower()
        if not lower.endswith("broker_url") and lower != "broker":
            continue
        found |= {broker_of(text) for text in _texts(setting.value)} or {None}
    return found if found - {None} else set()


def _texts(node: e.AnyExpression) -> Iterator[str]:
    """The texts in a value that look like an address, also defaults (``environ.get("BROKER", "redis://")``)."""
    for part in e.descend(node):
        text = e.literal_text(part)
        if text is not None and "://" in text:
            yield text
