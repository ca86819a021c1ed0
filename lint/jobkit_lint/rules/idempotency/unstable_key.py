"""JK205: an idempotency key that is another one in each run of the job."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Recipe, Severity
from jobkit_lint.facts.clocks import UNSTABLE
from jobkit_lint.flow.places import Place, Step
from jobkit_lint.flow.scopes import Binding, Scope
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import Assign

# what makes a text of a value and leaves it as different as it was
TEXTS = frozenset({"builtins.str", "builtins.int", "builtins.repr", "builtins.hex", "builtins.float"})
SHOWING = frozenset({"hex", "int", "isoformat", "timestamp", "format", "encode", "decode", "lower", "upper", "replace"})
ATTEMPTS = ("request.retries", "executions")


class UnstableKey(Rule):
    """
    ## What it does
    Finds idempotency keys, as a keyword or a header of a call in a job or in a function that it calls, that are
    made from a random number, a fresh UUID, the clock, or the number of the attempt.

    ## Why is this bad
    The receiver recognises a repeated request by its key. A second run of the job sends another key, so that the
    request counts as a new one: the customer is charged twice, and the code looks as if that could not happen.

    ## What to do instead
    Make the key from what the job is about: `f"order-{order_id}"`. Or draw it where the job is enqueued, and pass
    it as an argument; or store it on the row before the call, and read it from there.

    ## When to ignore
    When the key only has to tell apart attempts inside of one run, and a second run is kept away by other means.
    """

    code = "JK205"
    name = "unstable-idempotency-key"
    summary = "An idempotency key differs in each run of the job."
    severity = Severity.ERROR
    since = "0.1"

    examples = (
        Bad(
            "a fresh UUID",
            """
            from uuid import uuid4
            from celery import shared_task
            from shop.gateway import pay

            @shared_task
            def charge(order_id):
                pay(order_id, idempotency_key=str(uuid4()))
                                              ^^^^^^^^^^^^ `uuid.uuid4()`
            """,
        ),
        Bad(
            "a clock in a header, by way of a variable",
            """
            import time
            import requests
            from jobkit import job

            @job
            def charge(order_id):
                key = f"order-{order_id}-{time.time()}"
                requests.post("https://pay.example", timeout=5, headers={"Idempotency-Key": key})
                                                                                            ^^^ `time.time()`
            """,
        ),
        Bad(
            "the number of the attempt",
            """
            from celery import shared_task
            from shop.gateway import pay

            @shared_task(bind=True)
            def charge(self, order_id):
                pay(order_id, idempotency_key=f"{order_id}-{self.request.retries}")
                                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ attempt
            """,
        ),
        Good(
            "stored on a new row",
            """
            import uuid
            from celery import shared_task
            from shop.models import Payment

            @shared_task
            def prepare(order_id):
                Payment.objects.create(order_id=order_id, idempotency_key=str(uuid.uuid4()))
            """,
        ),
        Good(
            "made from the arguments",
            """
            from celery import shared_task
            from shop.gateway import pay

            @shared_task(bind=True)
            def charge(self, order_id, key):
                pay(order_id, idempotency_key=f"order-{order_id}")
                pay(order_id, idempotency_key=key)
                pay(order_id, idempotency_key=self.request.id)
            """,
        ),
        Good(
            "a stored key, drawn once",
            """
            from uuid import uuid4
            from celery import shared_task
            from shop.gateway import pay

            @shared_task
            def charge(order):
                if order.key is None:
                    order.key = uuid4()
                    order.save()
                key = order.other_key or str(uuid4())
                pay(order, idempotency_key=order.key)
                pay(order, idempotency_key=key)
            """,
        ),
        Good(
            "one for each day",
            """
            from datetime import date, datetime
            from celery import shared_task
            from shop.gateway import pay

            @shared_task
            def charge(order_id):
                pay(order_id, idempotency_key=f"{order_id}-{date.today()}")
                pay(order_id, idempotency_key=f"{order_id}-{datetime.now().date()}")
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        reason = analysis.rerun_reason(job)
        for step, scope in analysis.reached(job) if reason is not None else ():
            for value in _keys(step, scope) if not _is_row(step, scope, analysis) else ():
                what = _unstable(value, job, scope, step.place, analysis)
                if what is None:
                    continue
                expects = "the same key in both runs"
                yield self.report(
                    scope.module,
                    value.at,
                    f"this key is made from {what}, so a second run of `{job.name.rpartition('.')[2]}` sends another: "
                    f"{reason}; make it from the job's arguments",
                    job=job,
                    within=step.place.statement.at,
                    recipe=Recipe(("noack",), "after", step.call.at.end_line, expects),
                )


def _is_row(step: Step, scope: Scope, analysis: Analysis) -> bool:
    """Whether the call makes a row of a model: the key is stored there, for later runs to read."""
    origin = analysis.origin(step.call.function, scope, step.place)
    return origin is not None and analysis.models.split(origin) is not None


def _keys(step: Step, scope: Scope) -> Iterator[e.AnyExpression]:
    """The idempotency keys that a call passes: by keyword, and in a dict of headers or options."""
    for word in step.call.keywords:
        if word.name is not None and _is_key(word.name):
            yield word.value
        elif word.name in ("headers", "options", "extra_headers"):
            held: e.AnyExpression | None = word.value
            if isinstance(held, e.Name):
                binding = _only(held, scope, step.place)
                held = binding.value if binding is not None else None
            if isinstance(held, e.Mapping):
                for key, value in zip(held.keys, held.values, strict=True):
                    if _is_key(e.literal_text(key) or ""):
                        yield value


def _is_key(name: str) -> bool:
    plain = name.lower().replace("-", "_")
    return plain in ("idempotency_key", "x_idempotency_key", "idempotence_key", "idempotency_token")


def _only(node: e.Name, scope: Scope, place: Place | None) -> Binding | None:
    """The one assignment that a name holds the value of."""
    reaching = scope.reaching(node.id, place, node.at) if node.id in scope.bindings else None
    if reaching is None or len(reaching) != 1 or reaching[0].kind != "assign" or reaching[0].index is not None:
        return None
    return reaching[0]


def _unstable(
    node: e.AnyExpression, job: Job, scope: Scope, place: Place | None, analysis: Analysis, depth: int = 0
) -> str | None:
    """What makes a value differ in each run, in words; None if nothing certainly does."""
    if depth > 6:
        return None

    def first(*nodes: e.AnyExpression) -> str | None:
        found = (_unstable(part, job, scope, place, analysis, depth + 1) for part in nodes)
        return next((what for what in found if what is not None), None)

    match node:
        case e.Call():
            return _of_call(node, scope, place, analysis) or _through(node, scope, place, analysis, first)
        case e.Text(parts=parts):
            return first(*parts)
        case e.Operation(operators=("+" | "%", *_), operands=operands):
            return first(*operands)
        case e.Attribute(value=value, name=name):
            if job.self_name is not None and e.dotted(node) in [f"{job.self_name}.{end}" for end in ATTEMPTS]:
                return "the number of the attempt"
            return first(value) if name in SHOWING else None
        case e.Name():
            binding = _only(node, scope, place)
            if binding is None or binding.value is None or _is_stored(node.id, scope):
                return None
            return _unstable(binding.value, job, scope, binding.place, analysis, depth + 1)
        case _:
            return None


def _of_call(node: e.Call, scope: Scope, place: Place | None, analysis: Analysis) -> str | None:
    for path in analysis.paths(node.function, scope, place):
        if path in UNSTABLE:
            return f"`{path}()`"
    return None


def _through(
    node: e.Call, scope: Scope, place: Place | None, analysis: Analysis, first: Callable[..., str | None]
) -> str | None:
    """What is unstable in a call that gives a text of its argument, or of the object that it is a method of."""
    if isinstance(node.function, e.Attribute) and node.function.name in SHOWING:
        return first(node.function.value, *node.arguments, *(word.value for word in node.keywords))
    if TEXTS & set(analysis.paths(node.function, scope, place)):
        return first(*node.arguments)
    return None


def _is_stored(name: str, scope: Scope) -> bool:
    """``row.key = key``: the value is kept, so that a second run may read it."""
    for place in scope.places:
        statement = place.statement
        if isinstance(statement, Assign) and isinstance(statement.value, e.Name) and statement.value.id == name:
            return True
    return False
