"""JK109: a default of a job's parameter is made once, when the worker starts."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.facts.clocks import DATED, UNSTABLE
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Fixing, Replace, Report, Rule, after, before
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import Assign, Delete, Evaluate, FunctionCode, Parameter, Return, own_expressions

MADE_ONCE = {**UNSTABLE, **DATED}
MAKERS = frozenset({"list", "dict", "set", "bytearray", "defaultdict", "collections.defaultdict", "deque"})
CHANGING = frozenset(
    {
        "append", "extend", "insert", "pop", "popitem", "remove", "clear", "sort", "reverse", "update",
        "setdefault", "add", "discard", "appendleft", "popleft", "difference_update", "intersection_update",
    }
)  # fmt: skip


class UnstableDefault(Rule):
    """
    ## What it does
    Finds defaults of a job's parameters that are computed when the module is imported: the time, a random number, a
    fresh id; and lists, dicts and sets that the job changes.

    ## Why is this bad
    A worker lives for days. `before=timezone.now()` is the time of its start in each job that it runs, and another
    in each worker. A list that is changed keeps what the job before put in.

    ## What to do instead
    `None` as the default, and the value made in the job. The unsafe fix writes that.

    ## When to ignore
    When one value a process is what is meant.
    """

    code = "JK109"
    name = "unstable-default"
    summary = "The default of a job's parameter is made once a process."
    severity = Severity.WARNING
    since = "0.1"

    examples = (
        Bad(
            "the time at which the worker started",
            '''
            from celery import shared_task
            from django.utils import timezone

            @shared_task
            def clean(before=timezone.now(), limit=100):
                             ^^^^^^^^^^^^^^ `timezone.now()`
                """Deletes what is old."""
                print(before)
            ''',
            fixed='''
            from celery import shared_task
            from django.utils import timezone

            @shared_task
            def clean(before=None, limit=100):
                """Deletes what is old."""
                if before is None:
                    before = timezone.now()
                print(before)
            ''',
        ),
        Bad(
            "one id for all jobs of a worker, in a class",
            """
            import uuid
            from jobkit import Job

            class Export(Job):
                def perform(self, path: str, key: str = str(uuid.uuid4())):
                                                        ^^^^^^^^^^^^^^^^^ same id
                    print(path, key)
            """,
            fixed="""
            import uuid
            from jobkit import Job

            class Export(Job):
                def perform(self, path: str, key: str | None = None):
                    if key is None:
                        key = str(uuid.uuid4())
                    print(path, key)
            """,
        ),
        Bad(
            "a list that the job changes",
            """
            import dramatiq

            @dramatiq.actor
            def collect(name, seen=[]):
                                   ^^ changes
                seen.append(name)
            """,
            fixed="""
            import dramatiq

            @dramatiq.actor
            def collect(name, seen=None):
                if seen is None:
                    seen = []
                seen.append(name)
            """,
        ),
        Good(
            "made in the job",
            """
            from celery import shared_task
            from django.utils import timezone

            @shared_task
            def clean(before: str | None = None):
                before = before or timezone.now().isoformat()
                print(before)
            """,
        ),
        Good(
            "a list that is only read; a constant; a dependency",
            """
            from datetime import timedelta
            from taskiq import Context, InMemoryBroker, TaskiqDepends

            broker = InMemoryBroker()

            @broker.task
            async def clean(names=[], age=timedelta(days=3), context: Context = TaskiqDepends()):
                for name in names:
                    print(name, age)
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        function = job.function
        if function is None:
            return
        scope = analysis.scope(function)
        outer = scope.parent if scope.parent is not None else analysis.module_scope(function.module)
        for parameter in job.parameters:
            default = parameter.default
            if default is None:
                continue
            made_of = _unstable_call(default, outer, analysis)
            text = analysis.text(function.module, default.at)
            if made_of is not None:
                message = f"`{text}` is evaluated once, when the worker starts: each job gets the same {made_of}"
            elif _is_mutable(default) and _is_changed(parameter.name, scope):
                message = (
                    f"the job changes `{parameter.name}`, whose default is made once: the next job finds it changed"
                )
            else:
                continue
            yield self.report(
                function.module,
                default.at,
                message,
                job=job,
                fix=_fix(parameter, default, text, function.code),
            )


def _unstable_call(node: e.AnyExpression, scope: Scope, analysis: Analysis) -> str | None:
    """What a default holds that differs each time, in words."""
    if isinstance(node, e.Lambda):
        return None
    if isinstance(node, e.Call):
        for path in analysis.paths(node.function, scope, None):
            if path in MADE_ONCE:
                return MADE_ONCE[path]
    found = (_unstable_call(child, scope, analysis) for child in e.children(node))
    return next((what for what in found if what is not None), None)


def _is_mutable(node: e.AnyExpression) -> bool:
    match node:
        case e.Collection(kind="list" | "set") | e.Mapping() | e.Comprehension(kind="list" | "set" | "dict"):
            return True
        case e.Call():
            return e.dotted(node.function) in MAKERS
        case _:
            return False


def _is_changed(name: str, scope: Scope) -> bool:
    """Whether the function changes the object that a parameter holds, or hands it out."""
    for place in scope.places:
        statement = place.statement
        match statement:
            case Assign(targets=targets):
                if statement.operator is not None and any(e.dotted(target) == name for target in targets):
                    return True
                if any(_is_inside(target, name) for target in targets):
                    return True
            case Delete(targets=targets) if any(_is_inside(target, name) for target in targets):
                return True
            case Return(value=e.Name(id=returned)) if returned == name:
                return True
            case _:
                pass
        if any(_changes(part, name) for node in own_expressions(statement) for part in e.descend(node)):
            return True
    return False


def _changes(node: e.AnyExpression, name: str) -> bool:
    function = node.function if isinstance(node, e.Call) else None
    return isinstance(function, e.Attribute) and function.name in CHANGING and e.dotted(function.value) == name


def _is_inside(node: e.AnyExpression, name: str) -> bool:
    return isinstance(node, e.Subscript) and e.dotted(node.value) == name


def _fix(parameter: Parameter, default: e.AnyExpression, text: str, code: FunctionCode) -> Fixing | None:
    """``None`` as the default, and the value made at the start of the body."""
    body = code.body or ()
    first = body[0] if body else None
    is_documented = isinstance(first, Evaluate) and e.literal_text(first.value) is not None
    if is_documented:
        first = body[1] if len(body) > 1 else None
    if first is None or first.at.line <= default.at.end_line or first.at.line == code.line or "\n" in text:
        return None
    indent = " " * first.at.column
    name = parameter.name
    start = f"if {name} is None:\n{indent}    {name} = {text}\n{indent}"
    edits = [Replace(default.at, "None"), Replace(before(first.at), start)]
    if parameter.annotation is not None and not _allows_none(parameter.annotation):
        edits.insert(0, Replace(after(parameter.annotation.at), " | None"))
    return Fixing("Make the value in the job", tuple(edits))


def _allows_none(node: e.AnyExpression) -> bool:
    text = e.literal_text(node)
    if text is not None:
        return True
    return any(
        e.is_constant(part, None) or (e.dotted(part) or "").rpartition(".")[2] in ("Optional", "Any", "object")
        for part in e.descend(node)
    )
