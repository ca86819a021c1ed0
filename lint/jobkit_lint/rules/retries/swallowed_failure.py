"""JK302: a job keeps every error to itself and is reported as a success."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Recipe, Severity
from jobkit_lint.flow.places import Place, places, steps
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.index.jobs import Job
from jobkit_lint.index.symbols import Module
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import Assign, Evaluate, Handler, If, Jump, Return, Try, With

EVERYTHING = frozenset({"builtins.Exception", "builtins.BaseException"})
# methods and functions that only tell of something
TELLING = frozenset(
    {
        "debug", "info", "warning", "warn", "error", "exception", "critical", "log", "print", "print_exc",
        "format_exc", "str", "repr", "format", "type", "getLogger", "get_logger", "get_task_logger", "bind",
        "isinstance", "len", "print_exception", "fatal", "join",
    }
)  # fmt: skip
# they tell somebody who looks, so that the error is not lost altogether
REPORTING = frozenset({"capture_exception", "capture_message", "record_exception", "notice_error", "report_exc_info"})


class SwallowedFailure(Rule):
    """
    ## What it does
    Finds jobs whose whole work stands in a `try` with a handler for every error (`except Exception`, a bare `except`)
    that does nothing but log: it neither raises nor retries, returns nothing, and stores no failure.

    ## Why is this bad
    The queue is told that the job succeeded. It is not retried, no failure is counted, no alarm goes off, and a chain
    goes on with nothing in hand. The work is lost, and one line of a log knows of it.

    ## What to do instead
    Let errors out: the framework logs, counts and retries them. Catch what you can handle, by its name. What has to
    be done on each failure goes before a `raise`.

    ## When to ignore
    When the work is a favour whose loss nobody would notice.
    """

    code = "JK302"
    name = "swallowed-failure"
    summary = "A job keeps every error to itself and is reported as a success."
    severity = Severity.WARNING
    since = "0.1"

    examples = (
        Bad(
            "the whole work, and a line in the log",
            """
            import logging
            from celery import shared_task
            from shop.crm import push

            logger = logging.getLogger(__name__)

            @shared_task
            def sync(customer_id):
                try:
                    push(customer_id)
                except Exception:
                ^^^^^^^^^^^^^^^^ `sync` is reported as a success
                    logger.exception("cannot sync %s", customer_id)
            """,
        ),
        Bad(
            "after a lookup, and a handler that takes really everything",
            """
            import dramatiq
            from shop.crm import push
            from shop.models import Customer

            @dramatiq.actor
            def sync(customer_id):
                customer = Customer.objects.get(pk=customer_id)
                try:
                    push(customer)
                except ConnectionError:
                    raise
                except:
                ^^^^^^
                    pass
            """,
        ),
        Bad(
            "in a job of jobkit",
            """
            from jobkit import Job
            from shop.crm import push

            class Sync(Job):
                def perform(self, customer_id: int) -> None:
                    try:
                        push(customer_id)
                    except Exception as error:
                    ^^^^^^^^^^^^^^^^^^^^^^^^^
                        print("failed", error)
                        return
            """,
        ),
        Good(
            "the error is handled by its name, or goes on",
            """
            import logging
            from celery import shared_task
            from shop.crm import Gone, mark_gone, push

            logger = logging.getLogger(__name__)

            @shared_task
            def sync(customer_id):
                try:
                    push(customer_id)
                except Gone:
                    mark_gone(customer_id)

            @shared_task(bind=True)
            def sync_later(self, customer_id):
                try:
                    push(customer_id)
                except Exception as error:
                    logger.warning("once more")
                    raise self.retry(exc=error)
            """,
        ),
        Good(
            "one of many may fail",
            """
            import logging
            from celery import shared_task
            from shop.crm import push

            logger = logging.getLogger(__name__)

            @shared_task
            def sync_all(customer_ids):
                for customer_id in customer_ids:
                    try:
                        push(customer_id)
                    except Exception:
                        logger.exception("cannot sync %s", customer_id)
            """,
        ),
        Good(
            "the failure is stored or given back",
            """
            from celery import shared_task
            from shop.crm import push
            from shop.models import Export

            @shared_task
            def export(pk):
                row = Export.objects.get(pk=pk)
                try:
                    push(row)
                except Exception as error:
                    row.status = "failed"
                    row.save()

            @shared_task
            def push_one(pk):
                try:
                    push(pk)
                except Exception:
                    return False
                return True
            """,
        ),
        Good(
            "a favour at the end of the work, a `try` without any work",
            """
            import logging
            from celery import shared_task
            from shop.crm import push, tell_chat

            @shared_task
            def on_error(request):
                try:
                    request.chain = None
                except Exception:
                    logging.warning("no chain")

            @shared_task
            def sync(customer_id):
                push(customer_id)
                try:
                    tell_chat("done")
                except Exception:
                    logging.warning("the chat is down")
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        scope = analysis.body(job)
        if scope is None or job.function is None:
            return
        place = _whole_work(scope)
        statement = place.statement if place is not None else None
        if place is None or not isinstance(statement, Try) or not _works(statement, place):
            return
        for handler in statement.handlers:
            if not _takes_everything(handler, scope, place, analysis):
                continue
            told = only_tells(handler, place)
            if told is None:
                return
            shown = (
                "this handler" if handler.error is None else f"`except {analysis.text(scope.module, handler.error.at)}`"
            )
            at = head_of(handler, scope.module, analysis)
            yield self.report(
                scope.module,
                at,
                f"{shown} keeps every error of the work: `{job.name.rpartition('.')[2]}` is reported as a success, "
                "and neither retried nor counted as failed; let the error out, or catch the one that is meant",
                job=job,
                likely=told in REPORTING,
                recipe=Recipe(("before",), "at", statement.body[0].at.line, "the work is done, or the job fails"),
            )
            return


def _whole_work(scope: Scope) -> Place | None:
    """The ``try`` that holds all of the work: only values and early ends before it, nothing after it."""
    block, parent, branch = scope.body, None, "body"
    while True:
        found: Place | None = None
        for index, statement in enumerate(block):
            place = Place(statement, block, index, parent, branch)
            if isinstance(statement, Try | With) and found is None:
                found = place
            elif not _is_aside(place):
                return None
        if found is None or isinstance(found.statement, Try):
            return found
        assert isinstance(found.statement, With)
        block, parent, branch = found.statement.body, found, "body"


def _works(statement: Try, place: Place) -> bool:
    """Whether the ``try`` calls anything that does more than tell."""
    return any(_name(step.call) not in TELLING for inner in places(statement.body, place) for step in steps(inner))


def _is_aside(place: Place) -> bool:
    """Whether a statement beside the work is none: it looks up, logs, or ends the job."""
    statement = place.statement
    match statement:
        case Assign() | Jump():
            return True
        case Return(value=value):
            return value is None or e.is_constant(value, None, True)
        case Evaluate(value=value):
            return isinstance(value, e.Constant) or (isinstance(value, e.Call) and _name(value) in TELLING)
        case If():
            return all(_is_aside(inner) for inner in places((*statement.body, *statement.otherwise), place))
        case _:
            return False


def is_class(node: e.AnyExpression, paths: frozenset[str], scope: Scope, place: Place, analysis: Analysis) -> bool:
    """Whether an expression is one of these classes itself: a class derived from it takes less."""
    origin = analysis.origin(node, scope, place)
    return origin is not None and origin.path in paths


def _takes_everything(handler: Handler, scope: Scope, place: Place, analysis: Analysis) -> bool:
    error = handler.error
    nodes = error.items if isinstance(error, e.Collection) else (error,)
    return any(node is None or is_class(node, EVERYTHING, scope, place, analysis) for node in nodes)


def only_tells(handler: Handler, place: Place) -> str | None:
    """What a handler that only tells of the error tells it with; None if it does anything else."""
    told = "nothing"
    for inner in places(handler.body, place, "except"):
        statement = inner.statement
        match statement:
            case Jump(kind="pass" | "continue"):
                continue
            case Return(value=value) if value is None or e.is_constant(value, None):
                continue
            case Assign(targets=targets) if all(isinstance(target, e.Name) for target in targets):
                pass
            case Evaluate(value=e.Call() | e.Constant()):
                pass
            case _:
                return None
        for step in steps(inner):
            name = _name(step.call)
            if name in REPORTING:
                told = name
            elif name not in TELLING:
                return None
    return told


def _name(call: e.Call) -> str:
    function = call.function
    return function.name if isinstance(function, e.Attribute) else e.dotted(function) or ""


def head_of(handler: Handler, module: Module, analysis: Analysis) -> e.At:
    """The range of the ``except`` line, without its colon."""
    line = handler.at.line
    text = analysis.program.source(module.path).lines[line - 1]
    head = text.split("#")[0].rstrip()
    return e.At(line, handler.at.column, line, len(head.encode()) - head.endswith(":"))
