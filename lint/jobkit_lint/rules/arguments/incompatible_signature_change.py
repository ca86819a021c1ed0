"""JK111: a job's signature or name changed so that messages which are already queued do not fit."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.flow.binding import is_injected, signature
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import Parameter


class IncompatibleSignatureChange(Rule):
    """
    ## What it does
    Compares the jobs of the changed files with what they were at the commit that `--since` names: a parameter that
    is gone, has another name or another place, a new parameter without a default, a job that has moved to another
    module without keeping its name.

    ## Why is this bad
    While a deployment goes on, and until the queue is empty, new workers get messages of the old code, and old
    workers those of the new. A message that does not fit fails in each attempt, until it is given up.

    ## What to do instead
    In two releases: first add a parameter with a default, at the end; remove one only when no message has it any
    more. Keep the registered name of a job that moves, `name="shop.tasks.bill"`, or leave the old one as an alias.

    ## When to ignore
    When the queue is drained before the deployment, or nobody enqueues the job yet.
    """

    code = "JK111"
    name = "incompatible-signature-change"
    summary = "A job changed so that messages which are already queued do not fit (with --since)."
    severity = Severity.ERROR
    since = "0.1"
    compares = True

    examples = (
        Bad(
            "a new parameter without a default",
            """
            from celery import shared_task

            @shared_task
            def bill(invoice_id, currency):
                                 ^^^^^^^^ `currency` is new
                print(invoice_id, currency)
            """,
            before="""
            from celery import shared_task

            @shared_task
            def bill(invoice_id):
                print(invoice_id)
            """,
        ),
        Bad(
            "a parameter that is gone, and two that changed places",
            """
            import dramatiq

            @dramatiq.actor
            def bill(invoice_id):
                ^^^^ `currency` is gone
                print(invoice_id)

            @dramatiq.actor
            def refund(amount, invoice_id):
                ^^^^^^ other places
                print(invoice_id, amount)
            """,
            before="""
            import dramatiq

            @dramatiq.actor
            def bill(invoice_id, currency="eur"):
                print(invoice_id, currency)

            @dramatiq.actor
            def refund(invoice_id, amount):
                print(invoice_id, amount)
            """,
        ),
        Bad(
            "moved to another module, so that its name changed",
            """
            # file: shop/billing.py
            from celery import shared_task

            @shared_task
            def bill(invoice_id):
                ^^^^ `shop.tasks.bill`
                print(invoice_id)
            # file: shop/tasks.py
            from celery import shared_task

            @shared_task
            def other(invoice_id):
                print(invoice_id)
            """,
            before="""
            # file: shop/tasks.py
            from celery import shared_task

            @shared_task
            def bill(invoice_id):
                print(invoice_id)

            @shared_task
            def other(invoice_id):
                print(invoice_id)
            """,
        ),
        Good(
            "a new parameter with a default, at the end",
            """
            from celery import shared_task

            @shared_task
            def bill(invoice_id, currency="eur"):
                print(invoice_id, currency)

            @shared_task
            def new(invoice_id):
                print(invoice_id)
            """,
            before="""
            from celery import shared_task

            @shared_task
            def bill(invoice_id):
                print(invoice_id)
            """,
        ),
        Good(
            "moved under its old name",
            """
            # file: shop/billing.py
            from celery import shared_task

            @shared_task(name="shop.tasks.bill")
            def bill(invoice_id):
                print(invoice_id)
            """,
            before="""
            # file: shop/tasks.py
            from celery import shared_task

            @shared_task
            def bill(invoice_id):
                print(invoice_id)
            """,
        ),
        Good(
            "not compared with anything",
            """
            from celery import shared_task

            @shared_task
            def bill(invoice_id, currency):
                print(invoice_id, currency)
            """,
        ),
    )

    def check_program(self, analysis: Analysis) -> Iterator[Report]:
        if analysis.before is None:
            return
        now = analysis.program.selected_jobs()
        by_name = {job.registered_name: job for job in now if job.registered_name is not None}
        earlier = analysis.before.program.selected_jobs()
        known = {job.registered_name for job in earlier}
        for old in earlier:
            if old.registered_name is None or old.is_house or analysis.before.program.is_test(old.module):
                continue
            new = by_name.get(old.registered_name)
            if new is not None:
                yield from self._compared(old, new)
                continue
            moved = [job for job in now if _is_same(old, job) and job.registered_name not in known]
            if len(moved) == 1 and old.registered_name not in _aliases(moved[0]):
                yield self.report(
                    moved[0].module,
                    moved[0].at,
                    f"this job was `{old.registered_name}`, and is now `{moved[0].registered_name}`: messages that are "
                    "queued under the old name find no job; keep the name",
                    job=moved[0],
                )

    def _compared(self, old: Job, new: Job) -> Iterator[Report]:
        short = new.name.rpartition(".")[2]
        before = f"was `{short}({signature(old.parameters)})`"
        names = {part.name for part in new.parameters}
        takes_all = any(part.kind == "doublestar" for part in new.parameters)
        gone = [part.name for part in _plain(old) if part.name not in names]
        if gone and not takes_all:
            yield self.report(
                new.module,
                new.at,
                f"`{gone[0]}` is gone ({before}): queued messages that have it do not fit; keep it for a release",
                job=new,
            )
            return
        for part in _plain(new):
            if part.default is None and part.name not in {one.name for one in old.parameters} and not is_injected(part):
                yield self.report(
                    new.module,
                    part.at,
                    f"`{part.name}` is new and has no default ({before}): queued messages do not have it; give it a "
                    "default for a release",
                    job=new,
                )
                return
        if [part.name for part in _by_position(old)] != [part.name for part in _by_position(new)][
            : len(_by_position(old))
        ]:
            yield self.report(
                new.module,
                new.at,
                f"the parameters of `{short}` have other places ({before}): queued messages give them by position",
                job=new,
            )


def _plain(job: Job) -> list[Parameter]:
    return [part for part in job.parameters if part.kind not in ("star", "doublestar")]


def _by_position(job: Job) -> list[Parameter]:
    return [part for part in job.parameters if part.kind in ("positional", "normal")]


def _is_same(old: Job, job: Job) -> bool:
    """Whether a job of another name is the same one, moved: by its bare name and its parameters."""
    names = [part.name for part in job.parameters]
    is_named = job.name.rpartition(".")[2] == old.name.rpartition(".")[2] and job.registered_name is not None
    return (
        is_named and job.framework is old.framework and names[: len(old.parameters)] == [p.name for p in old.parameters]
    )


def _aliases(job: Job) -> set[str | None]:
    given = job.option("aliases")
    return {e.literal_text(item) for item in given.items} if isinstance(given, e.Collection) else set()
