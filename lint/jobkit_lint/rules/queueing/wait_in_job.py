"""JK407: a job waits for the result of another job."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.flow.effects import Reached
from jobkit_lint.flow.places import Place, Step
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.index.jobs import Job
from jobkit_lint.index.symbols import Class, Function, Origin
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import While

# methods of a result that wait for it, by framework
WAITING = {
    "celery": frozenset({"get", "join", "join_native", "wait", "collect"}),
    "dramatiq": frozenset({"get_result", "get_results"}),
    "huey": frozenset({"get", "get_result"}),
    "arq": frozenset({"result"}),
    "taskiq": frozenset({"wait_result"}),
}
# they wait only if told so
ONLY_IF = {"dramatiq": "block", "huey": "blocking"}
CANVASES = ("celery.group()", "celery.chain()", "celery.chord()", "celery.signature()")
ALLOWS = frozenset({"celery.result.allow_join_result", "celery.result.denied_join_result"})
MAX_DEPTH = 4


class WaitInJob(Rule):
    """
    ## What it does
    Finds jobs that wait for another job: `.get()` or `.join()` on the result of `delay`, `apply_async`, a group or a
    chain, `get_result(block=True)` of Dramatiq, `get(blocking=True)` of Huey, `wait_result()` of Taskiq, `result()` of
    arq, and loops that ask `ready()` until it is so.

    ## Why is this bad
    The job that waits holds a worker while the other one needs a worker. When as many jobs wait as there are workers,
    nobody is left to do what they wait for, and the queue stands still for good. Celery raises a `RuntimeError` for it.

    ## What to do instead
    Let the other job go on by itself: a chain, a chord, a callback, a batch. Or call its function directly, if the
    result is needed here and now.

    ## When to ignore
    When the other job runs in a queue with workers of its own, of which there are always enough.
    """

    code = "JK407"
    name = "wait-in-job"
    summary = "A job waits for the result of another job."
    severity = Severity.ERROR
    since = "0.1"
    frameworks = tuple(WAITING)

    examples = (
        Bad(
            "the result of a job of Celery",
            """
            from celery import group, shared_task

            @shared_task
            def part(number):
                return number

            @shared_task
            def whole(numbers):
                first = part.delay(numbers[0]).get()
                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ waits for `part`
                result = part.apply_async((1,))
                second = result.get(timeout=10)
                         ^^^^^^^^^^^^^^^^^^^^^^
                rest = group(part.s(n) for n in numbers)().join()
                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
                return first + second + sum(rest)
            """,
        ),
        Bad(
            "one after the other, and by asking again and again",
            """
            import time
            from celery import shared_task

            @shared_task
            def part(number):
                return number

            @shared_task
            def whole(numbers):
                results = [part.delay(n) for n in numbers]
                total = sum(result.get() for result in results)
                            ^^^^^^^^^^^^
                last = part.delay(total)
                while not last.ready():
                          ^^^^^^^^^^^^ waits for `part`
                    time.sleep(1)
            """,
        ),
        Bad(
            "other frameworks",
            """
            import dramatiq
            from huey import RedisHuey
            from taskiq import InMemoryBroker

            broker = InMemoryBroker()
            huey = RedisHuey()

            @dramatiq.actor(store_results=True)
            def part(number):
                return number

            @dramatiq.actor
            def whole(number):
                part.send(number).get_result(block=True)
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

            @huey.task()
            def piece(number):
                return number

            @huey.task()
            def all_pieces(number):
                result = piece(number)
                return result.get(blocking=True)
                       ^^^^^^^^^^^^^^^^^^^^^^^^^

            @broker.task
            async def bit(number: int) -> int:
                return number

            @broker.task
            async def bits(number: int) -> None:
                sent = await bit.kiq(number)
                await sent.wait_result()
                      ^^^^^^^^^^^^^^^^^^
            """,
        ),
        Good(
            "the other job goes on by itself",
            """
            from celery import chain, chord, group, shared_task

            @shared_task
            def part(number):
                return number

            @shared_task
            def finish(numbers):
                return sum(numbers)

            @shared_task
            def whole(numbers):
                chord([part.s(n) for n in numbers])(finish.s())
                chain(part.s(1), part.s())()
                return part.delay(1).id
            """,
        ),
        Good(
            "a job that is run here, a wait that was allowed, code that is no job",
            """
            from celery import shared_task
            from celery.result import allow_join_result

            @shared_task
            def part(number):
                return number

            @shared_task
            def whole(numbers):
                part.apply((1,)).get()
                with allow_join_result():
                    part.delay(1).get()
                part.delay(1).get(disable_sync_subtasks=False)

            def from_a_script():
                return part.delay(1).get()
            """,
        ),
        Good(
            "a result that is only looked at",
            """
            import dramatiq
            from huey import RedisHuey

            huey = RedisHuey()

            @dramatiq.actor(store_results=True)
            def part(number):
                return number

            @dramatiq.actor
            def whole(number):
                part.send(number).get_result()

            @huey.task()
            def piece(number):
                return number

            @huey.task()
            def all_pieces(number):
                result = piece(number)
                return result.get()
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        for reached in analysis.calls(job):
            awaited = _awaited(reached, analysis)
            if awaited is not None and not _is_allowed(reached, analysis):
                yield self.report_effect(
                    job,
                    reached,
                    f"`{job.name.rpartition('.')[2]}` waits for {awaited} and holds a worker meanwhile: when all "
                    "workers wait, nobody is left to do what they wait for; use a chain or a callback",
                    analysis,
                    what=f"wait for {awaited}",
                )


def _awaited(reached: Reached, analysis: Analysis) -> str | None:
    """What a call waits for, in words, or None."""
    step, scope = reached.step, reached.scope
    function = step.call.function
    if not isinstance(function, e.Attribute) or step.deferred is not None:
        return None
    is_poll = function.name == "ready" and isinstance(step.place.statement, While)
    if not is_poll and not any(function.name in names for names in WAITING.values()):
        return None
    for origin in _origins(function.value, scope, step.place, analysis, 0):
        found = _sent(origin, analysis)
        if found is None:
            continue
        framework, awaited = found
        if is_poll and framework == "celery":
            return awaited
        condition = ONLY_IF.get(framework)
        if function.name in WAITING[framework] and (
            condition is None or e.is_constant(step.call.keyword(condition), True)
        ):
            return awaited
    return None


def _origins(
    node: e.AnyExpression, scope: Scope, place: Place | None, analysis: Analysis, depth: int
) -> Iterator[Origin]:
    """What a value comes from; for an element of a list that a comprehension made, what its elements come from."""
    origin = analysis.origin(node, scope, place)
    if origin is not None:
        yield origin
    elif isinstance(node, e.Name) and node.id in scope.bindings and depth < MAX_DEPTH:
        for binding in scope.reaching(node.id, place, node.at) or ():
            if binding.kind == "element" and binding.value is not None and binding.index is None:
                yield from _elements(binding.value, scope, binding.place, analysis, depth + 1)


def _elements(
    node: e.AnyExpression, scope: Scope, place: Place | None, analysis: Analysis, depth: int
) -> Iterator[Origin]:
    match node:
        case e.Comprehension(kind="list" | "generator" | "set", elements=(element,)):
            yield from _origins(element, scope, place, analysis, depth)
        case e.Name(id=name) if name in scope.bindings and depth < MAX_DEPTH:
            for binding in scope.reaching(name, place, node.at) or ():
                if binding.kind == "assign" and binding.value is not None and binding.index is None:
                    yield from _elements(binding.value, scope, binding.place, analysis, depth + 1)
        case _:
            return


def _sent(origin: Origin, analysis: Analysis) -> tuple[str, str] | None:
    """The framework and what was enqueued, if the value is the result of an enqueue call."""
    if isinstance(origin.root, str):
        path = origin.path
        if path.startswith(CANVASES) and path.endswith(("().apply_async()", "().delay()", "()()")):
            return "celery", f"a {path.split('.')[1].partition('(')[0]} of jobs"
        return ("arq", "another job") if path == "arq.ArqRedis().enqueue_job()" else None
    if not isinstance(origin.root, Function | Class) or not origin.trail or origin.trail[-1] != "()":
        return None
    trail = origin.trail[:-1]
    start = 1 if isinstance(origin.root, Class) and trail[:1] == ("()",) else 0
    job = analysis.program.jobs.of_origin(Origin(origin.root, trail[:start]))
    if job is None or job.framework.name not in WAITING:
        return None
    rest = trail[start:]
    shown = f"`{job.name.rpartition('.')[2]}`"
    if not rest:
        return (job.framework.name, shown) if job.framework.call_enqueues else None
    method = job.framework.method(rest[-1])
    return (job.framework.name, shown) if method is not None and not method.is_message else None


def _is_allowed(reached: Reached, analysis: Analysis) -> bool:
    if e.is_constant(reached.step.call.keyword("disable_sync_subtasks"), False):
        return True
    return any(_allows(step, scope, analysis) for step, scope in reached.levels)


def _allows(step: Step, scope: Scope, analysis: Analysis) -> bool:
    for context, owner in step.place.contexts():
        function = context.function if isinstance(context, e.Call) else context
        if ALLOWS & set(analysis.paths(function, scope, owner)):
            return True
    return False
