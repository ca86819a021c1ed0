"""JK104: a value whose type plain JSON does not keep."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.facts.values import Kind
from jobkit_lint.flow.evidence import Evidence
from jobkit_lint.flow.sending import SERIALIZER_WORDS, sent_values
from jobkit_lint.index.sites import Site
from jobkit_lint.rules.arguments.object_argument import converts
from jobkit_lint.rules.base import Fixing, Replace, Report, Rule, after, before
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e

RICH = {
    Kind.DATETIME: "datetime",
    Kind.DATE: "date",
    Kind.TIME: "time",
    Kind.TIMEDELTA: "timedelta",
    Kind.DECIMAL: "Decimal",
    Kind.UUID: "UUID",
    Kind.ENUM: "Enum",
}
METHODS = {
    Kind.DATETIME: ".isoformat()",
    Kind.DATE: ".isoformat()",
    Kind.TIME: ".isoformat()",
    Kind.TIMEDELTA: ".total_seconds()",
    Kind.ENUM: ".value",
}
# an Enum that is text or a number at the same time is written as that
NATIVE = frozenset({"builtins.str", "builtins.int", "builtins.float", "enum.StrEnum", "enum.IntEnum", "enum.IntFlag"})
SPEAK_JSON = ("celery", "dramatiq", "procrastinate", "django_tasks")


class RichValueArgument(Rule):
    """
    ## What it does
    Finds dates, times, `timedelta`, `Decimal`, `UUID` and members of an `Enum` that are given to a job whose
    framework writes plain JSON, and dicts with keys that are numbers. What each framework restores is known:
    Celery's JSON brings back dates, `Decimal` and `UUID`; Dramatiq's, Procrastinate's and that of Django Tasks
    do not.

    ## Why is this bad
    JSON has no such types. The enqueue call raises, or the job gets something else than what was given: a key
    `1` arrives as `"1"`, and is not found.

    ## What to do instead
    Give text or a number, and say in the parameter's annotation what it is: `day.isoformat()`, `str(amount)`.
    The unsafe fix does this at the call; the job has to read it.

    ## When to ignore
    When the project installs an encoder of its own that the linter does not see; say so with
    `serializer = "custom"` in the settings. Tuples, which arrive as lists, are shown with `--pedantic` only.
    """

    code = "JK104"
    name = "rich-value-argument"
    summary = "A value is given to a job whose type plain JSON does not keep."
    severity = Severity.WARNING
    since = "0.1"
    frameworks = SPEAK_JSON
    signs = SERIALIZER_WORDS

    examples = (
        Bad(
            "a date",
            """
            from datetime import date
            from procrastinate import App, PsycopgConnector

            app = App(connector=PsycopgConnector())

            @app.task
            def close_books(day):
                print(day)

            def close_today():
                close_books.defer(day=date.today())
                                      ^^^^^^^^^^^^ date
            """,
            fixed="""
            from datetime import date
            from procrastinate import App, PsycopgConnector

            app = App(connector=PsycopgConnector())

            @app.task
            def close_books(day):
                print(day)

            def close_today():
                close_books.defer(day=date.today().isoformat())
            """,
        ),
        Bad(
            "an amount and an id, by annotation",
            """
            from decimal import Decimal
            from uuid import UUID
            import dramatiq

            @dramatiq.actor
            def refund(order_id, amount):
                print(order_id, amount)

            def cancel(order_id: UUID, amount: Decimal):
                refund.send(order_id, amount * 2)
                            ^^^^^^^^ UUID
                refund.send(str(order_id), amount)
                                           ^^^^^^ Decimal
            """,
            fixed="""
            from decimal import Decimal
            from uuid import UUID
            import dramatiq

            @dramatiq.actor
            def refund(order_id, amount):
                print(order_id, amount)

            def cancel(order_id: UUID, amount: Decimal):
                refund.send(str(order_id), amount * 2)
                refund.send(str(order_id), str(amount))
            """,
        ),
        Bad(
            "a member of an Enum, and keys that are numbers, in Celery",
            """
            from enum import Enum
            from celery import shared_task

            class Size(Enum):
                SMALL = 1

            @shared_task
            def pack(size, counts):
                print(size, counts)

            def start():
                pack.delay(Size.SMALL, {1: 5, 2: 7})
                           ^^^^^^^^^^ Enum
                                       ^^^^^^^^^^^^ keys
            """,
            fixed="""
            from enum import Enum
            from celery import shared_task

            class Size(Enum):
                SMALL = 1

            @shared_task
            def pack(size, counts):
                print(size, counts)

            def start():
                pack.delay(Size.SMALL.value, {1: 5, 2: 7})
            """,
        ),
        Bad(
            "the present time, for Django Tasks",
            """
            from django.tasks import task
            from django.utils import timezone

            @task
            def close(at):
                print(at)

            def start():
                now = timezone.now()
                close.enqueue(at=now)
                                 ^^^ datetime
            """,
        ),
        Good(
            "text",
            """
            from datetime import date
            from procrastinate import App, PsycopgConnector

            app = App(connector=PsycopgConnector())

            @app.task
            def close_books(day):
                print(date.fromisoformat(day))

            def close_today():
                close_books.defer(day=date.today().isoformat())
            """,
        ),
        Good(
            "Celery's JSON restores these",
            """
            from datetime import date
            from decimal import Decimal
            from celery import shared_task

            @shared_task
            def close_books(day, amount):
                print(day, amount)

            def close_today():
                close_books.delay(date.today(), Decimal("1.20"))
            """,
        ),
        Good(
            "an Enum that is text",
            """
            from enum import Enum, StrEnum
            import dramatiq

            class Size(str, Enum):
                SMALL = "s"

            class Colour(StrEnum):
                RED = "r"

            @dramatiq.actor
            def pack(size, colour):
                print(size, colour)

            def start():
                pack.send(Size.SMALL, Colour.RED)
            """,
        ),
        Good(
            "messages that are pickled",
            """
            # file: shop/tasks.py
            from datetime import date
            import dramatiq

            @dramatiq.actor
            def close_books(day):
                print(day)

            def close_today():
                close_books.send(date.today())
            # file: shop/broker.py
            import dramatiq
            from dramatiq.encoder import PickleEncoder

            dramatiq.set_encoder(PickleEncoder())
            """,
        ),
    )

    def check_site(self, site: Site, analysis: Analysis) -> Iterator[Report]:
        if converts(site.job, analysis) or analysis.serializer(site.job, site.options) != "json":
            return
        for argument in site.arguments:
            for node in sent_values(argument.value):
                found = analysis.evidence(node, site.scope, argument.place)
                kind = _lost(found, site, analysis)
                if kind is None and not _has_other_keys(node):
                    continue
                title = site.framework.title
                message = (
                    f"the keys of `{analysis.text(site.module, node.at)}` arrive as text: JSON has no others"
                    if kind is None or found is None
                    else f"`{analysis.text(site.module, node.at)}` is a {kind}, which {title}'s JSON does not keep: "
                    "give text or a number"
                )
                is_guess = found is not None and not found.is_certain
                yield self.report(
                    site.module,
                    node.at,
                    message,
                    job=site.job,
                    within=site.at,
                    likely=is_guess or kind == "tuple" or (site.job.is_house and site.job.class_ is None),
                    fix=_fix(node, found) if found is not None else None,
                )


def _lost(found: Evidence | None, site: Site, analysis: Analysis) -> str | None:
    """The type of a value that does not come through, in words."""
    if found is None or found.kind.value in site.job.framework.restores:
        return None
    if found.kind == Kind.TUPLE:
        return "tuple"
    if found.kind == Kind.ENUM and (found.class_ is None or NATIVE & set(analysis.names.lineage(found.class_))):
        return None
    return RICH.get(found.kind)


def _has_other_keys(node: e.AnyExpression) -> bool:
    return isinstance(node, e.Mapping) and any(
        isinstance(key, e.Constant) and key.kind in ("int", "float") for key in node.keys
    )


def _fix(node: e.AnyExpression, found: Evidence) -> Fixing | None:
    if not isinstance(node, e.Name | e.Attribute | e.Call):
        return None
    method = METHODS.get(found.kind)
    if method is not None:
        return Fixing("Give text or a number", (Replace(after(node.at), method),))
    if found.kind in (Kind.DECIMAL, Kind.UUID):
        return Fixing("Give text", (Replace(before(node.at), "str("), Replace(after(node.at), ")")))
    return None
