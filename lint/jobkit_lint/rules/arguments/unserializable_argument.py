"""JK103: something is given to a job that cannot leave the process."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.facts.values import Kind
from jobkit_lint.flow.evidence import Evidence
from jobkit_lint.flow.sending import SERIALIZER_WORDS, sent_values
from jobkit_lint.index.sites import Site
from jobkit_lint.index.symbols import Class
from jobkit_lint.rules.arguments.object_argument import converts
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e

NEVER = {
    Kind.FILE: "an open file",
    Kind.LOCK: "a lock",
    Kind.CONNECTION: "a connection",
    Kind.REQUEST: "a web request",
    Kind.FUNCTION: "",
    Kind.GENERATOR: "",
    Kind.COROUTINE: "",
}
NOT_IN_JSON = {Kind.BUFFER: "a file in memory", Kind.SET: "a set", Kind.BYTES: "bytes", Kind.OBJECT: ""}
PLAIN_JSON = ("celery", "dramatiq", "procrastinate", "django_tasks")
HARMLESS_BASES = frozenset({"builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol"})
HOOKS = ("__json__", "__getstate__", "to_json")
DATACLASS = frozenset({"dataclasses.dataclass", "attr.s", "attrs.define", "attrs.frozen", "attr.define"})
INSTEAD = {
    Kind.FILE: "give the path, and open it in the job",
    Kind.BUFFER: "store the content, and give its key",
    Kind.LOCK: "take the lock in the job",
    Kind.CONNECTION: "connect in the job",
    Kind.REQUEST: "give the values that the job needs",
    Kind.FUNCTION: "give a name or a value from which the job knows what to call",
    Kind.GENERATOR: "give a list, or make the values in the job",
    Kind.COROUTINE: "await it, and give the result",
    Kind.SET: "give a sorted list",
    Kind.BYTES: "store them and give the key, or encode them as text",
    Kind.OBJECT: "give a dict of its fields",
}


class UnserializableArgument(Rule):
    """
    ## What it does
    Finds arguments of jobs that cannot travel to a worker with any serializer: lambdas, nested functions,
    generators, coroutines, open files, locks, sockets, database sessions and connections, web requests. And for
    frameworks that speak plain JSON: sets, bytes, files in memory, instances of classes.

    ## Why is this bad
    The enqueue call raises, often only on the branch that no test takes.

    ## What to do instead
    Give what can be written down, an id, a path, a list, and make the object of it in the job.

    ## When to ignore
    When the project installs an encoder of its own that the linter does not see; say so with
    `serializer = "custom"` in the settings.
    """

    code = "JK103"
    name = "unserializable-argument"
    summary = "An argument of a job cannot travel to a worker."
    severity = Severity.ERROR
    since = "0.1"
    signs = SERIALIZER_WORDS

    examples = (
        Bad(
            "an open file, a generator",
            """
            import dramatiq

            @dramatiq.actor
            def export(rows, target):
                print(rows, target)

            def start(rows, path):
                with open(path) as target:
                    export.send([], target)
                                    ^^^^^^ an open file
                export.send((row.key for row in rows), path)
                            ^^^^^^^^^^^^^^^^^^^^^^^^^ a generator
            """,
        ),
        Bad(
            "a lambda, which pickle refuses too",
            """
            from redis import Redis
            from rq import Queue

            queue = Queue(connection=Redis())

            def export(path, key):
                print(path, key)

            def start(path):
                queue.enqueue(export, path, key=lambda row: row.name)
                                                ^^^^^^^^^^^^^^^^^^^^ a lambda
            """,
        ),
        Bad(
            "a set and a dataclass, in JSON",
            """
            from dataclasses import dataclass
            from celery import shared_task

            @dataclass
            class Period:
                first: int
                last: int

            @shared_task
            def close(period, accounts):
                print(period, accounts)

            def start(accounts):
                close.delay(Period(1, 3), {1, 2})
                            ^^^^^^^^^^^^ an instance of `Period`
                                          ^^^^^^ a set
            """,
        ),
        Bad(
            "a coroutine",
            """
            from taskiq import InMemoryBroker

            broker = InMemoryBroker()

            async def load(pk):
                return pk

            @broker.task
            async def export(rows):
                print(rows)

            async def start(pk):
                await export.kiq(load(pk))
                                 ^^^^^^^^ awaits
            """,
        ),
        Good(
            "what can be written down",
            """
            import dramatiq

            @dramatiq.actor
            def export(rows, target):
                print(rows, target)

            def start(rows, path):
                with open(path) as target:
                    export.send([], target.name)
                export.send([row.key for row in rows], path)
            """,
        ),
        Good(
            "sets travel where messages are pickled",
            """
            # file: shop/tasks.py
            from celery import shared_task

            @shared_task
            def close(accounts):
                print(accounts)

            def start(accounts):
                close.delay({1, 2})
            # file: shop/settings.py
            CELERY_TASK_SERIALIZER = "pickle"
            """,
        ),
        Good(
            "RQ pickles: an instance of a class of the project arrives",
            """
            from dataclasses import dataclass
            from redis import Redis
            from rq import Queue

            @dataclass
            class Period:
                first: int

            def close(period):
                print(period)

            def start():
                Queue(connection=Redis()).enqueue(close, Period(1))
            """,
        ),
        Good(
            "an awaited coroutine",
            """
            from taskiq import InMemoryBroker

            broker = InMemoryBroker()

            async def load(pk):
                return [pk]

            @broker.task
            async def export(rows):
                print(rows)

            async def start(pk):
                rows = await load(pk)
                await export.kiq(rows)
                await export.kiq(await load(pk))
            """,
        ),
    )

    def check_site(self, site: Site, analysis: Analysis) -> Iterator[Report]:
        if converts(site.job, analysis):
            return
        serializer = analysis.serializer(site.job, site.options)
        if serializer not in ("json", "pickle", "references"):
            return
        for argument in site.arguments:
            for node in sent_values(argument.value):
                found = analysis.evidence(node, site.scope, argument.place)
                what = _refused(found, site, serializer, analysis) if found is not None else None
                if found is None or what is None:
                    continue
                yield self.report(
                    site.module,
                    node.at,
                    f"`{analysis.text(site.module, node.at)}` is {what}, and cannot travel to a worker"
                    f"{'' if found.kind in NEVER else ' as JSON'}: {INSTEAD[found.kind]}",
                    job=site.job,
                    within=site.at,
                    likely=not found.is_certain or (site.job.is_house and site.job.class_ is None),
                )


def _refused(found: Evidence, site: Site, serializer: str, analysis: Analysis) -> str | None:
    """What the value is, in words, if the framework cannot write it."""
    if found.kind in NEVER:
        return NEVER[found.kind] or found.what
    speaks_json = serializer == "json" and site.job.framework.name in PLAIN_JSON
    if not speaks_json or found.kind not in NOT_IN_JSON or found.kind.value in site.job.framework.restores:
        return None
    if found.kind == Kind.OBJECT and (found.class_ is None or not _is_opaque(found.class_, analysis)):
        return None
    return NOT_IN_JSON[found.kind] or found.what


def _is_opaque(class_: Class, analysis: Analysis) -> bool:
    """Whether no JSON encoder knows instances of the class: all its bases are seen, and none helps."""
    names = analysis.names
    if any(names.find_method(class_, hook) is not None for hook in HOOKS):
        return False
    bases = [base for base in names.lineage(class_) if isinstance(base, str)]
    known = sum(len(one.code.bases) for one in names.lineage(class_) if isinstance(one, Class))
    if known != len(names.lineage(class_)) - 1 or not HARMLESS_BASES.issuperset(bases):
        return False
    scope = analysis.module_scope(class_.module)
    decorators = [part.function if isinstance(part, e.Call) else part for part in class_.code.decorators]
    return all(DATACLASS & set(analysis.paths(decorator, scope, None)) for decorator in decorators)
