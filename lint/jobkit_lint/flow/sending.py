"""How arguments travel: through which code of the project, and in which form."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.index.jobs import Job
from jobkit_lint.index.names import Names
from jobkit_lint.index.program import Program
from jobkit_lint.tree import expressions as e

# decorators that hand the arguments on as they are
_PASSING = (
    "django.db.transaction.", "django.utils.translation.", "functools.wraps", "contextlib.", "typing.",
    "builtins.staticmethod", "builtins.classmethod", "sentry_sdk.", "newrelic.", "ddtrace.", "structlog.",
    "opentelemetry.", "prometheus_client.", "tenacity.", "backoff.", "jobkit.", "huey.",
)  # fmt: skip
# words that stand where somebody changes how a framework writes its messages
SERIALIZER_WORDS = (
    "task_serializer", "TASK_SERIALIZER", "set_encoder", "with_serializer", "register_type", "json_dumps",
    "CELERY_ACCEPT_CONTENT",
)  # fmt: skip
_CUSTOM_CALLS = {
    "celery": ("kombu.serialization.register", "kombu.utils.json.register_type"),
    "dramatiq": ("dramatiq.set_encoder",),
}


def may_convert(job: Job, names: Names) -> bool:
    """Whether a decorator besides that of the framework may change what the function gets."""
    if job.function is None:
        return False
    scope = names.module_scope(job.module)
    for decorator in job.function.code.decorators:
        if decorator is job.declaration:
            continue
        origin = names.origin(decorator.function if isinstance(decorator, e.Call) else decorator, scope, None)
        if origin is None or not origin.path.startswith(_PASSING):
            return True
    return False


def sent_values(node: e.AnyExpression) -> Iterator[e.AnyExpression]:
    """The value, and those one level inside of a literal list, tuple, set or dict."""
    yield node
    match node:
        case e.Collection(items=items):
            yield from items
        case e.Mapping(values=values):
            yield from values
        case e.Comprehension(kind="list" | "set", elements=elements):
            yield from elements
        case _:
            return


class Serializers:
    """In which form the messages of each framework are written: as the data says, unless the project changes it."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._changed: dict[str, str] | None = None

    def of(self, job: Job, options: dict[str, e.AnyExpression]) -> str:
        """``json``, ``pickle``, ``references``, ``custom`` or ``unknown``. `options` are those of the enqueue call."""
        if self.program.settings.serializer is not None:
            return self.program.settings.serializer
        given = options.get("serializer") or job.option("serializer")
        if given is not None:
            return e.literal_text(given) or "unknown"
        if self._changed is None:
            self._changed = dict(self._changes())
        return self._changed.get(job.framework.name, job.framework.serializer)

    def _changes(self) -> Iterator[tuple[str, str]]:
        for module in self.program.selected:
            for name, value in module.summary.variables.items():
                if name.lower().endswith("task_serializer"):
                    yield "celery", e.literal_text(value) or "unknown"
            scope = self.program.names.module_scope(module)
            for place in scope.places:
                for target in getattr(place.statement, "targets", ()):
                    if isinstance(target, e.Attribute) and target.name == "task_serializer":
                        yield "celery", e.literal_text(getattr(place.statement, "value", None)) or "unknown"
            for step in scope.steps:
                given = step.call.keyword("task_serializer")
                if given is not None:
                    yield "celery", e.literal_text(given) or "unknown"
                origin = self.program.names.origin(step.call.function, scope, step.place)
                path = origin.path if origin is not None else ""
                for framework, calls in _CUSTOM_CALLS.items():
                    if path in calls:
                        yield framework, "custom"
                if step.call.keyword("json_dumps") is not None and path.startswith("procrastinate."):
                    yield "procrastinate", "custom"
                if path.startswith("taskiq.") and path.endswith(".with_serializer"):
                    yield "taskiq", "custom"
