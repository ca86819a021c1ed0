"""How a job comes to be retried, by its declaration or its body."""

from __future__ import annotations

from dataclasses import dataclass

from jobkit_lint.flow.scopes import Scope
from jobkit_lint.index.jobs import Job
from jobkit_lint.index.names import Names
from jobkit_lint.tree import expressions as e


@dataclass(frozen=True, slots=True)
class Retrying:
    """What switches retries on, in words, and where; `at` is None where nothing is written: it is the default."""

    what: str
    at: e.At | None


def retrying(job: Job, body: Scope | None, names: Names) -> Retrying | None:
    """What makes the framework run the job again after an error; None if nothing certainly does."""
    facts = job.framework.retries
    limit = next((job.options[name] for name in facts.limit if name in job.options), None)
    if limit is not None and _is_off(limit):
        return None
    for name in facts.automatic:
        value = job.options.get(name)
        if value is not None and not _is_off(value):
            return Retrying(f"`{name}`", value.at)
    definition = job.class_ if job.class_ is not None else job.function
    scope = names.module_scope(job.module)
    for decorator in definition.code.decorators if definition is not None else ():
        origin = names.origin(decorator.function if isinstance(decorator, e.Call) else decorator, scope, None)
        if origin is not None and origin.path in facts.decorators:
            return Retrying(f"`@{origin.path.rpartition('.')[2]}`", decorator.at)
    for step in body.steps if body is not None and job.self_name is not None else ():
        function = step.call.function
        is_own = isinstance(function, e.Attribute) and e.dotted(function.value) == job.self_name
        if is_own and isinstance(function, e.Attribute) and function.name in facts.calls:
            return Retrying(f"`{job.self_name}.{function.name}()`", step.call.at)
    if facts.default and not job.is_open:
        return Retrying(f"the default of {job.framework.title}", None)
    return None


def _is_off(value: e.AnyExpression) -> bool:
    return e.is_constant(value, 0, False, None) or (isinstance(value, e.Collection) and value.size == 0)
