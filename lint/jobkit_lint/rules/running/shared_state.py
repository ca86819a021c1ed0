"""JK503: a job keeps something in a variable of its module."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.facts.words import parts
from jobkit_lint.flow.places import Place, Step
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import Assign, Declare

MUTATORS = {
    "list": frozenset({"append", "extend", "insert", "remove", "pop", "clear"}),
    "set": frozenset({"add", "discard", "remove", "update", "clear", "pop"}),
    "dict": frozenset({"update", "setdefault", "pop", "popitem", "clear"}),
}
# names of what each process may have for itself
OWN = frozenset(
    {
        "cache", "cached", "caches", "lock", "locks", "pool", "client", "clients", "connection", "connections", "conn",
        "session", "engine", "registry", "model", "models", "metrics", "metric", "counter", "logger", "instance",
        "singleton", "loaded", "initialized", "initialised", "loop", "memo", "stats", "app", "executor", "driver",
        "browser", "pipeline", "tokenizer", "service", "manager", "handler", "handlers", "shutdown", "stop", "debug",
    }
)  # fmt: skip


class SharedState(Rule):
    """
    ## What it does
    Finds jobs that write a `global` variable, or change a list, set or dict that stands at the top of a module.

    ## Why is this bad
    Each worker process has a copy of its own, which is gone when the process is replaced. What one job writes there
    the next one sees or not, as chance has it; in tests, with one process, it always does. And it only ever grows.

    ## What to do instead
    Keep it where all workers see it: the database, Redis, the cache. Or give it on as an argument.

    ## When to ignore
    When it is a cache whose loss and whose repetition harm nobody. A name with `cache` in it says so.
    """

    code = "JK503"
    name = "shared-state"
    summary = "A job keeps something in a variable that other processes never see."
    severity = Severity.WARNING
    since = "0.1"

    examples = (
        Bad(
            "a set and a dict of the module",
            """
            from celery import shared_task

            SEEN = set()
            totals = {}

            @shared_task
            def load(pk):
                SEEN.add(pk)
                ^^^^^^^^^^^^ `SEEN`
                totals[pk] = 1
                ^^^^^^^^^^^^^^ `totals`
            """,
        ),
        Bad(
            "a global variable",
            """
            import dramatiq

            last = None

            @dramatiq.actor
            def load(pk):
                global last
                last = pk
                ^^^^^^^^^ `last`
            """,
        ),
        Good(
            "what all workers see, and what is the job's own",
            """
            from celery import shared_task
            from django.core.cache import cache

            @shared_task
            def load(pks):
                seen = set()
                for pk in pks:
                    seen.add(pk)
                    cache.add(f"seen:{pk}", 1, timeout=3600)
            """,
        ),
        Good(
            "a cache, and an object that is made once in each process",
            """
            from celery import shared_task
            from shop.crm import connect

            _cache = {}
            crm = None

            @shared_task
            def load(pk):
                global crm
                if crm is None:
                    crm = connect()
                _cache[pk] = crm.get(pk)
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        scope = analysis.body(job)
        if scope is None:
            return
        declared = {
            name
            for place in scope.places
            if isinstance(place.statement, Declare) and place.statement.kind == "global"
            for name in place.statement.names
        }
        told: set[str] = set()
        for name, place in _written(scope, declared):
            if name not in told and not OWN & set(parts(name)):
                told.add(name)
                yield self.report(
                    scope.module,
                    place.statement.at,
                    f"`{name}` is kept in this process only: other workers never see it, and it is gone with the "
                    "process; keep it in the database or the cache",
                    job=job,
                )


def _written(scope: Scope, declared: set[str]) -> Iterator[tuple[str, Place]]:
    for place in scope.places:
        statement = place.statement
        if isinstance(statement, Assign) and statement.value is not None:
            for target in statement.targets:
                if isinstance(target, e.Name) and target.id in declared and not _is_made_once(target.id, place):
                    yield target.id, place
                elif isinstance(target, e.Subscript) and _kind(target.value, scope) in ("dict", "list"):
                    yield e.dotted(target.value) or "", place
    for step in scope.steps:
        name = _mutated(step, scope)
        if name is not None:
            yield name, step.place


def _is_made_once(name: str, place: Place) -> bool:
    """Whether the assignment stands under a test of the name: ``if client is None: client = connect()``."""
    for test in place.tests():
        if any(isinstance(part, e.Name) and part.id == name for part in e.descend(test.expression)):
            return True
    return False


def _mutated(step: Step, scope: Scope) -> str | None:
    function = step.call.function
    if not isinstance(function, e.Attribute) or step.deferred is not None:
        return None
    kind = _kind(function.value, scope)
    return e.dotted(function.value) if kind is not None and function.name in MUTATORS[kind] else None


def _kind(node: e.AnyExpression, scope: Scope) -> str | None:
    """Whether a name is a list, set or dict that stands at the top of this file."""
    if not isinstance(node, e.Name) or scope.binds(node.id):
        return None
    match scope.module.summary.variables.get(node.id):
        case e.Collection(kind=kind) if kind in ("list", "set"):
            return kind
        case e.Mapping():
            return "dict"
        case e.Call(function=e.Name(id="set" | "list" | "dict" as kind)):
            return kind
        case e.Call(function=function) if (e.dotted(function) or "").endswith(("defaultdict", "OrderedDict")):
            return "dict"
        case _:
            return None
