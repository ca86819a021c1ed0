"""What is called, where its name alone does not tell: renamed imports, and what a worker puts into its context."""

from __future__ import annotations

from jobkit_lint.flow.scopes import Scope
from jobkit_lint.index.jobs import Jobs
from jobkit_lint.index.symbols import Origin
from jobkit_lint.tree import expressions as e


def imported_name(name: str, scope: Scope) -> str:
    """The name that an imported local name has in its own file; empty if it is not imported."""
    target = scope.imports.get(name) or scope.module.summary.imports.get(name) or ""
    return target.rpartition(".")[2]


def in_context(callee: e.AnyExpression, scope: Scope, jobs: Jobs) -> Origin | None:
    """The origin of ``ctx["redis"].enqueue_job`` in a job: an attribute of what its worker puts into the context."""
    match callee:
        case e.Attribute(value=e.Subscript(value=e.Name(id=name), index=index), name=method):
            job = jobs.of_function(scope.function) if scope.function is not None else None
            if job is None or name != next(iter(scope.parameters), None) or not job.framework.context_parameters:
                return None
            path = job.framework.context_values.get(e.literal_text(index) or "")
            return Origin(f"{path}.{method}") if path is not None else None
        case _:
            return None
