"""JK102: a parameter of a job is annotated with a model."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.facts.values import Kind
from jobkit_lint.index.arguments import Argument
from jobkit_lint.index.jobs import Job
from jobkit_lint.index.sites import Site
from jobkit_lint.rules.arguments.object_argument import converts, sends_references
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import Parameter


class ObjectParameter(Rule):
    """
    ## What it does
    Finds parameters of jobs that are annotated with a class of an object-relational mapper: Django, SQLAlchemy,
    Peewee, Tortoise, MongoEngine.

    ## Why is this bad
    The annotation asks each caller for a record. What the worker gets is a copy from the time of enqueueing, which
    may be stale, or, with a JSON serializer, an error at the call.

    ## What to do instead
    Take the id, `user_id: int`, and read the row in the job.

    ## When to ignore
    When a base class or decorator of yours turns ids into records before the job runs. Such a base class is seen
    when it overrides `__call__` or the enqueue methods; any other decorator of the project keeps the rule silent.
    """

    code = "JK102"
    name = "object-parameter"
    summary = "A parameter of a job is annotated with a model."
    severity = Severity.WARNING
    since = "0.1"

    examples = (
        Bad(
            "a Django model",
            """
            # file: shop/models.py
            from django.db import models

            class Customer(models.Model):
                email = models.EmailField()
            # file: shop/tasks.py
            import dramatiq
            from shop.models import Customer

            @dramatiq.actor
            def remind(customer: Customer):
                       ^^^^^^^^^^^^^^^^^^ `Customer`
                print(customer.email)
            """,
        ),
        Bad(
            "a model of SQLAlchemy that may be None, after the context that the worker fills in",
            """
            # file: shop/models.py
            from sqlalchemy.orm import DeclarativeBase

            class Base(DeclarativeBase):
                pass

            class Customer(Base):
                __tablename__ = "customers"
            # file: shop/worker.py
            from shop.models import Customer

            async def remind(ctx, customer: Customer | None = None):
                                  ^^^^^^^^^^^^^^^^^^^^^^^^^ `Customer`
                print(customer)

            class WorkerSettings:
                functions = [remind]
            """,
        ),
        Bad(
            "a model of another package",
            """
            from celery import shared_task
            from django.contrib.auth.models import User

            @shared_task(bind=True)
            def greet(self, user: "User"):
                            ^^^^^^^^^^^^ `User`
                print(user.email)
            """,
        ),
        Good(
            "the id",
            """
            import dramatiq
            from django.contrib.auth.models import User

            @dramatiq.actor
            def remind(user_id: int):
                print(User.objects.get(pk=user_id).email)
            """,
        ),
        Good(
            "every caller passes an id: the annotation is a mistake, not the job",
            """
            from celery import shared_task
            from django.contrib.auth.models import User

            @shared_task
            def greet(user: User):
                print(User.objects.get(pk=user))

            def greet_newest():
                greet.delay(User.objects.latest("date_joined").pk)
            """,
        ),
        Good(
            "a decorator of the project that reads the row",
            """
            from celery import shared_task
            from django.contrib.auth.models import User
            from shop.records import with_record

            @shared_task
            @with_record(User)
            def greet(user: User):
                print(user.email)
            """,
        ),
        Good(
            "a dependency that the worker provides",
            """
            from django.contrib.auth.models import User
            from taskiq import InMemoryBroker, TaskiqDepends

            broker = InMemoryBroker()

            def current_user() -> User:
                return User.objects.first()

            @broker.task
            async def greet(user: User = TaskiqDepends(current_user)):
                print(user.email)
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        if sends_references(job) or converts(job, analysis) or analysis.may_convert(job):
            return
        sites = analysis.sites_of(job)
        for parameter in job.parameters:
            found = analysis.annotated(parameter, job)
            if found is None or found.kind != Kind.RECORD or isinstance(parameter.default, e.Call):
                continue
            if sites and all(_gives_an_id(site, parameter, analysis) for site in sites):
                continue
            name = found.class_.name if found.class_ is not None else found.what.rpartition(" ")[2].strip("`")
            yield self.report(
                job.function.module if job.function is not None else job.module,
                parameter.at,
                f"parameter `{parameter.name}` of job `{job.name.rpartition('.')[2]}` is annotated with the model "
                f"`{name}`: take its id, and read the row in the job",
                job=job,
                likely=job.is_house and job.class_ is None,
            )


def _gives_an_id(site: Site, parameter: Parameter, analysis: Analysis) -> bool:
    given = [argument for argument in site.arguments if argument.parameter is parameter]
    return bool(given) and all(_is_id(argument, site, analysis) for argument in given)


def _is_id(argument: Argument, site: Site, analysis: Analysis) -> bool:
    if isinstance(argument.value, e.Attribute) and argument.value.name in ("pk", "id", "uuid"):
        return True
    found = analysis.evidence(argument.value, site.scope, argument.place)
    return found is not None and found.kind == Kind.PLAIN
