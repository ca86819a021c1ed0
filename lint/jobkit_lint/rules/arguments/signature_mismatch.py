"""JK110: an enqueue call does not fit the job's signature."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.facts.enqueue_options import OPTION_FORMS, OptionForm
from jobkit_lint.flow.binding import Misfit, misfit, signature
from jobkit_lint.index.arguments import Argument
from jobkit_lint.index.jobs import Job
from jobkit_lint.index.sites import Site
from jobkit_lint.rules.arguments.object_argument import converts
from jobkit_lint.rules.base import Fixing, Replace, Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e

CHAINS = frozenset({"celery.chain"})


class SignatureMismatch(Rule):
    """
    ## What it does
    Finds enqueue calls whose arguments do not fit the parameters of the job: too many, too few, a name that it
    does not have. In a chain of Celery the result of the link before is counted as the first argument.

    ## Why is this bad
    Celery raises at the call. RQ, Dramatiq, arq and Huey take the message, and each attempt of the job fails with a
    `TypeError` until it is given up. An option of the queue (`eta`, `countdown`) that is given to a form which has
    no options is taken for an argument of the job.

    ## What to do instead
    Give what the job takes. Options go to the form that has them: `apply_async((pk,), eta=when)`,
    `send_with_options(args=(pk,), delay=1000)`, `set(wait=60).perform_later(pk)`. The unsafe fix rewrites the call.

    ## When to ignore
    When a base class or decorator of yours adds or takes away arguments, and the linter does not see it.
    """

    code = "JK110"
    name = "signature-mismatch"
    summary = "An enqueue call does not fit the job's signature."
    severity = Severity.ERROR
    since = "0.1"

    examples = (
        Bad(
            "an option of the queue, given to a form without options",
            """
            from celery import shared_task

            @shared_task
            def remind(pk):
                print(pk)

            def later(pk, when):
                remind.delay(pk, eta=when)
                ^^^^^^^^^^^^^^^^^^^^^^^^^^ `eta` is an option
            """,
            fixed="""
            from celery import shared_task

            @shared_task
            def remind(pk):
                print(pk)

            def later(pk, when):
                remind.apply_async((pk,), eta=when)
            """,
        ),
        Bad(
            "options of other frameworks",
            """
            import dramatiq
            from jobkit import job

            @dramatiq.actor
            def remind(pk, text):
                print(pk, text)

            @job
            def ship(order_id):
                print(order_id)

            def later(pk):
                remind.send(pk, text="pay", delay=1000)
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `delay` is an option
                ship.perform_later(pk, wait=60)
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `wait` is an option
            """,
            fixed="""
            import dramatiq
            from jobkit import job

            @dramatiq.actor
            def remind(pk, text):
                print(pk, text)

            @job
            def ship(order_id):
                print(order_id)

            def later(pk):
                remind.send_with_options(args=(pk,), kwargs={"text": "pay"}, delay=1000)
                ship.set(wait=60).perform_later(pk)
            """,
        ),
        Bad(
            "too few, too many, misspelt: nothing is checked before the job runs",
            """
            import django_rq

            def export(path, rows=10):
                print(path, rows)

            def start(path):
                django_rq.enqueue(export)
                ^^^^^^^^^^^^^^^^^^^^^^^^^ `path` is missing
                django_rq.enqueue(export, path, 5, True)
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ gets 3
                django_rq.enqueue(export, path, row=5)
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ no parameter `row`
            """,
        ),
        Bad(
            "the result of the link before has no place",
            """
            from celery import chain, shared_task

            @shared_task
            def load(path):
                return path

            @shared_task
            def finish():
                print("done")

            def start(path):
                chain(load.s(path), finish.s())()
                                    ^^^^^^^^^^ gets 1
                (load.s(path) | finish.s()).delay()
                                ^^^^^^^^^^ gets 1
            """,
        ),
        Bad(
            "by name, and in a table of periodic jobs",
            """
            # file: shop/worker.py
            async def report(ctx, day):
                print(day)

            class WorkerSettings:
                functions = [report]
            # file: shop/views.py
            from arq import create_pool

            async def ask(settings):
                redis = await create_pool(settings)
                await redis.enqueue_job("report")
                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^ `day` is missing
            """,
        ),
        Good(
            "the form that has options",
            """
            from celery import chain, shared_task

            @shared_task(bind=True)
            def remind(self, pk, text="", *, urgent=False):
                print(pk, text)

            @shared_task
            def finish():
                print("done")

            def later(pk, when, rest):
                remind.apply_async((pk,), eta=when)
                remind.apply_async(args=[pk], kwargs={"urgent": True}, countdown=5)
                remind.delay(*rest)
                remind.delay(pk, **rest)
                chain(remind.s(pk), finish.si(), finish.signature(immutable=True))()
            """,
        ),
        Good(
            "what the worker fills in",
            """
            from typing import Annotated
            from taskiq import Context, InMemoryBroker, TaskiqDepends

            broker = InMemoryBroker()

            @broker.task
            async def greet(name: str, context: Annotated[Context, TaskiqDepends()], more: int = 1):
                print(name)

            async def start():
                await greet.kiq("Ada")
            """,
        ),
        Good(
            "a decorator of the project that adds an argument",
            """
            from celery import shared_task
            from shop.tenants import with_tenant

            @shared_task
            @with_tenant
            def ship(tenant, order_id):
                print(tenant, order_id)

            def start(order):
                ship.delay(order.pk)
            """,
        ),
    )

    def check_site(self, site: Site, analysis: Analysis) -> Iterator[Report]:
        job = site.job
        if not site.is_complete or job.function is None or _is_unknown(job, analysis):
            return
        found = _misfit(site, analysis)
        if found is None:
            return
        short = job.name.rpartition(".")[2]
        form = OPTION_FORMS.get((job.framework.name, site.form))
        options = [argument for argument in found.unknown if form is not None and argument.keyword in form.options]
        if form is not None and options and len(options) == len(found.unknown):
            names = ", ".join(f"`{argument.keyword}`" for argument in options)
            be = "is an option" if len(options) == 1 else "are options"
            message = f"{names} {be} of the queue, but `{site.form}` takes arguments of `{short}` only: {form.hint}"
        else:
            message = f"the call does not fit `{short}({signature(job.parameters)})`: {found.what}"
        yield self.report(
            site.module,
            site.at,
            message,
            job=job,
            within=site.step.place.statement.at if site.step is not None else site.at,
            fix=_fix(site, form, options, analysis) if form is not None and options else None,
        )


def _is_unknown(job: Job, analysis: Analysis) -> bool:
    """Whether code that is not seen may change the arguments."""
    if (job.is_house and job.class_ is None) or converts(job, analysis) or analysis.may_convert(job):
        return True
    return job.option("ignore_extra") is not None or job.option("signature_check") is not None


def _misfit(site: Site, analysis: Analysis) -> Misfit | None:
    parameters = site.job.parameters
    if site.job.framework.name == "huey" and e.is_constant(site.job.option("context"), True):
        parameters = tuple(part for part in parameters if part.name != "task")
    if not site.is_partial or e.is_constant(site.options.get("immutable"), True):
        return misfit(parameters, site.arguments)
    if _follows(site, analysis):
        return misfit(parameters, site.arguments, leading=1)
    # what is missing may be added when the message is sent
    found = misfit(parameters, site.arguments)
    return found if found is not None and not found.missing else None


def _follows(site: Site, analysis: Analysis) -> bool:
    """Whether the message certainly gets the result of another as its first argument."""
    step = site.step
    outer = step.around[-1] if step is not None and step.around else None
    if step is None:
        return False
    if isinstance(outer, e.Operation) and outer.operators == ("|",):
        return outer.operands[1] is step.call
    if isinstance(outer, e.Call) and any(one is step.call for one in outer.arguments[1:]):
        return bool(CHAINS & set(analysis.paths(outer.function, site.scope, step.place)))
    return False


def _fix(site: Site, form: OptionForm, options: list[Argument], analysis: Analysis) -> Fixing | None:
    step = site.step
    if step is None or not isinstance(step.call.function, e.Attribute) or step.call.is_open:
        return None

    def text(node: e.AnyExpression) -> str:
        return analysis.text(site.module, node.at)

    positional = [text(argument.value) for argument in site.arguments if argument.position is not None]
    named = [
        (argument.keyword or "", text(argument.value))
        for argument in site.arguments
        if argument.keyword is not None and argument not in options
    ]
    wanted = [(argument.keyword or "", text(argument.value)) for argument in options]
    source = analysis.text(site.module, step.call.at)
    if "#" in source:
        return None
    called = form.rewrite(text(step.call.function.value), step.call.function.name, positional, named, wanted)
    return Fixing("Give the option to the form that has it", (Replace(step.call.at, called),))
