"""JK508: a job asks for the web request that nobody made."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Link, Severity
from jobkit_lint.flow.effects import Reached
from jobkit_lint.flow.places import Place
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.rules.handing import is_handed_over
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import own_expressions

CONTEXT = {
    "flask.request": "the request",
    "flask.session": "the session",
    "flask.globals.session": "the session",
    "flask_login.current_user": "the user of the request",
    "flask_login.utils.current_user": "the user of the request",
    "flask_security.current_user": "the user of the request",
    "quart.request": "the request",
    "quart.session": "the session",
    "bottle.request": "the request",
    "crum.get_current_request": "the request",
    "crum.get_current_user": "the user of the request",
    "starlette_context.context": "the request",
}
NAMES = frozenset(path.rpartition(".")[2] for path in CONTEXT)
# they give None where there is no request, which functions that are not only for jobs know
SOFT = ("crum.", "flask_login.", "flask_security.")
# whoever asks or makes a context knows that there may be none
CAREFUL = frozenset({"has_request_context", "test_request_context", "request_context", "copy_current_request_context"})


class RequestContext(Rule):
    """
    ## What it does
    Finds `flask.request`, `flask.session`, `current_user`, `get_current_request()` and their like in a job, or in a
    function that it calls.

    ## Why is this bad
    In a worker there is no request. Flask raises `RuntimeError: Working outside of request context`; others give None,
    and the job goes on without a user. In tests that run jobs at once it works, for there the request is still open.

    ## What to do instead
    Give the job what it needs when it is enqueued: `audit.delay(actor_id=current_user.id)`.

    ## When to ignore
    When the job makes a context for itself where the linter does not see it.
    """

    code = "JK508"
    name = "request-context"
    summary = "A job uses a web request, of which a worker has none."
    severity = Severity.ERROR
    since = "0.1"

    examples = (
        Bad(
            "the user of the request",
            """
            from celery import shared_task
            from flask_login import current_user
            from shop.audit import write

            @shared_task
            def audit():
                write(current_user.id)
                      ^^^^^^^^^^^^ the user of the request
            """,
        ),
        Bad(
            "in a function that the job calls",
            """
            # file: shop/tasks.py
            from rq.decorators import job
            from shop.audit import write

            @job("default", connection=None)
            def audit(text):
                write(text)
            # file: shop/audit.py
            from flask import request

            def write(text):
                print(request.remote_addr, text)
                      ^^^^^^^ the request
            """,
        ),
        Good(
            "what the job needs is given to it",
            """
            from celery import shared_task
            from flask_login import current_user
            from shop.audit import write

            @shared_task
            def audit(actor_id):
                write(actor_id)

            def view():
                audit.delay(current_user.id)
            """,
        ),
        Good(
            "a function that knows that there may be no request, one that makes one",
            """
            from celery import shared_task
            from flask import current_app, has_request_context, request

            def address():
                return request.remote_addr if has_request_context() else None

            @shared_task
            def audit():
                print(address())

            @shared_task
            def render(path):
                with current_app.test_request_context(path):
                    print(request.path)
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        body = analysis.body(job)
        if body is None:
            return
        seen: set[int] = set()
        for scope, reached in [(body, None), *((call.scope, call) for call in analysis.calls(job))]:
            if id(scope) in seen or _is_careful(scope, reached):
                continue
            seen.add(id(scope))
            if reached is not None and is_handed_over(reached, analysis):
                continue
            for node, place, what in _uses(scope, analysis):
                if _expects_none(node, place, scope, analysis, is_own=scope is body):
                    continue
                yield self.report(
                    scope.module,
                    node.at,
                    f"a worker has no request: `{e.dotted(node)}` is {what}, which `{job.name.rpartition('.')[2]}` "
                    "cannot have; give the job what it needs as an argument",
                    job=job,
                    within=place.statement.at,
                    chain=_chain(job, reached, e.dotted(node) or "", node.at.line, scope),
                )


def _expects_none(node: e.AnyExpression, place: Place, scope: Scope, analysis: Analysis, is_own: bool) -> bool:
    """Whether the code gets along without a request: an error is caught, or None is given and looked at."""
    if any(True for _ in place.tries()):
        return True
    origin = analysis.origin(node, scope, place)
    return not is_own and origin is not None and origin.path.startswith(SOFT)


def _is_careful(scope: Scope, reached: Reached | None) -> bool:
    scopes = [scope, *(hop.scope for hop in reached.hops)] if reached is not None else [scope]
    called = [step.call.function for inner in scopes for step in inner.steps]
    return any(getattr(function, "name", getattr(function, "id", "")) in CAREFUL for function in called)


def _uses(scope: Scope, analysis: Analysis) -> Iterator[tuple[e.AnyExpression, Place, str]]:
    """The first use of each, in source order."""
    seen: set[str] = set()
    for place in scope.places:
        for expression in own_expressions(place.statement):
            for part in e.descend(expression):
                if not isinstance(part, e.Name | e.Attribute) or not _may_be(part, scope) or _is_own(part, scope):
                    continue
                origin = analysis.origin(part, scope, place)
                what = CONTEXT.get(origin.path) if origin is not None and isinstance(origin.root, str) else None
                if what is not None and origin is not None and origin.path not in seen:
                    seen.add(origin.path)
                    yield part, place, what


def _may_be(node: e.Name | e.Attribute, scope: Scope) -> bool:
    """Whether the name alone does not exclude it: what most names mean need not be looked up."""
    if isinstance(node, e.Attribute):
        return node.name in NAMES
    target = scope.imports.get(node.id) or scope.module.summary.imports.get(node.id) or node.id
    return target.rpartition(".")[2] in NAMES


def _is_own(node: e.AnyExpression, scope: Scope) -> bool:
    """Whether a name is the function's own, and not one that it imports."""
    return isinstance(node, e.Name) and scope.binds(node.id) and node.id not in scope.imports


def _chain(job: Job, reached: Reached | None, what: str, line: int, scope: Scope) -> tuple[Link, ...]:
    if reached is None or not reached.hops:
        return ()
    links = [Link(job.name, job.module.shown, job.line)]
    links += [Link(hop.function.dotted, hop.scope.module.shown, hop.step.call.at.line) for hop in reached.hops]
    return (*links, Link(what, scope.module.shown, line))
