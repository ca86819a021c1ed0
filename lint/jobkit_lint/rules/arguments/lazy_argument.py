"""JK107: a queryset or an iterator is sent, not what it gives."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.facts.values import Kind
from jobkit_lint.index.sites import Site
from jobkit_lint.rules.arguments.object_argument import converts
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.examples import Bad, Good

LAZY = (Kind.RECORDS, Kind.PLAIN_ROWS, Kind.LAZY)


class LazyArgument(Rule):
    """
    ## What it does
    Finds querysets, queries, `map`, `filter`, `zip` and views of dicts that are given to a job as they are.

    ## Why is this bad
    They are not data yet. A JSON serializer refuses them; pickle runs the query at the time of enqueueing and
    sends every row of it.

    ## What to do instead
    Run the query in the job, which then sees the rows as they are. Or give a bounded list of ids.

    ## When to ignore
    When a base class or decorator of yours turns the query into ids on the way, and the linter does not see it.
    """

    code = "JK107"
    name = "lazy-argument"
    summary = "A queryset or an iterator is given to a job, not its result."
    severity = Severity.ERROR
    since = "0.1"

    examples = (
        Bad(
            "a queryset",
            """
            import dramatiq
            from django.contrib.auth.models import User

            @dramatiq.actor
            def notify(users):
                print(users)

            def notify_active():
                users = User.objects.filter(is_active=True).order_by("pk")
                notify.send(users)
                            ^^^^^ a query over `User`
            """,
        ),
        Bad(
            "values of a query, and a map",
            """
            from celery import shared_task
            from django.contrib.auth.models import User

            @shared_task
            def notify(ids):
                print(ids)

            def notify_all(texts):
                notify.delay(User.objects.values_list("pk", flat=True))
                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ rows of `User`
                notify.apply_async(args=[map(int, texts)])
                                         ^^^^^^^^^^^^^^^ map
            """,
        ),
        Bad(
            "a query of SQLAlchemy, to RQ",
            """
            # file: shop/models.py
            from sqlalchemy.orm import DeclarativeBase

            class Base(DeclarativeBase):
                pass

            class Document(Base):
                __tablename__ = "documents"
            # file: shop/tasks.py
            import django_rq
            from shop.models import Document

            def index(documents):
                print(documents)

            def index_new(session):
                new = session.query(Document).filter(Document.indexed.is_(None))
                django_rq.enqueue(index, new)
                                         ^^^ a query over
            """,
        ),
        Good(
            "the query is run in the job",
            """
            import dramatiq
            from django.contrib.auth.models import User

            @dramatiq.actor
            def notify_active_users():
                for user in User.objects.filter(is_active=True).iterator():
                    print(user)

            def notify():
                notify_active_users.send()
            """,
        ),
        Good(
            "a value of a query, and a list",
            """
            from celery import shared_task
            from django.contrib.auth.models import User

            @shared_task
            def notify(ids):
                print(ids)

            def notify_some(texts):
                notify.delay(User.objects.filter(is_active=True).count())
                notify.delay(list(map(int, texts)))
                notify.delay(list(User.objects.values_list("pk", flat=True)[:100]))
            """,
        ),
    )

    def check_site(self, site: Site, analysis: Analysis) -> Iterator[Report]:
        if converts(site.job, analysis):
            return
        short = site.job.name.rpartition(".")[2]
        for argument in site.arguments:
            found = analysis.evidence(argument.value, site.scope, argument.place)
            if found is None or found.kind not in LAZY:
                continue
            instead = "give it a list" if found.kind == Kind.LAZY else f"run the query in `{short}`"
            yield self.report(
                site.module,
                argument.value.at,
                f"`{analysis.text(site.module, argument.value.at)}` is {found.what}, not its result: {instead}",
                job=site.job,
                within=site.at,
                likely=not found.is_certain or (site.job.is_house and site.job.class_ is None),
            )
