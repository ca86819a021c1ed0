"""Options of enqueue calls that are often given to the form which takes arguments only, and the form that has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class OptionForm:
    """`options` of the queue; `hint` says where they go; `rewrite(job, method, positional, named, options)`."""

    options: frozenset[str]
    hint: str
    rewrite: Callable[[str, str, list[str], Pairs, Pairs], str]


def _words(pairs: Pairs) -> list[str]:
    return [f"{name}={value}" for name, value in pairs]


def _tuple(values: list[str]) -> str:
    return f"({', '.join(values)}{',' if len(values) == 1 else ''})"


def _dict(pairs: Pairs) -> str:
    return "{" + ", ".join(f'"{name}": {value}' for name, value in pairs) + "}"


def _packed(method: str, first: str) -> Callable[[str, str, list[str], Pairs, Pairs], str]:
    """A method that takes the arguments in a tuple and a dict, and options beside them."""

    def rewrite(job: str, _: str, positional: list[str], named: Pairs, options: Pairs) -> str:
        parts = [f"{first}{_tuple(positional)}"] if positional else []
        parts += [f"kwargs={_dict(named)}"] if named else []
        return f"{job}.{method}({', '.join([*parts, *_words(options)])})"

    return rewrite


def _built(builder: str) -> Callable[[str, str, list[str], Pairs, Pairs], str]:
    """A method that takes the options and gives back what has the same methods as the job."""

    def rewrite(job: str, method: str, positional: list[str], named: Pairs, options: Pairs) -> str:
        return f"{job}.{builder}({', '.join(_words(options))}).{method}({', '.join([*positional, *_words(named)])})"

    return rewrite


_CELERY = OptionForm(
    frozenset(
        {"eta", "countdown", "expires", "queue", "priority", "routing_key", "exchange", "task_id", "link", "link_error"}
    ),
    "use `apply_async`",
    _packed("apply_async", ""),
)
_CELERY_COMMIT = OptionForm(_CELERY.options, "use `apply_async_on_commit`", _packed("apply_async_on_commit", ""))
_DRAMATIQ = OptionForm(
    frozenset(
        {"delay", "max_retries", "min_backoff", "max_backoff", "time_limit", "max_age", "on_success", "pipe_target"}
    ),
    "use `send_with_options`",
    _packed("send_with_options", "args="),
)
_JOBKIT = OptionForm(frozenset({"wait", "wait_until", "queue", "priority"}), "use `set(...)` before", _built("set"))
_PROCRASTINATE = OptionForm(
    frozenset({"queue", "lock", "queueing_lock", "schedule_at", "schedule_in", "priority"}),
    "use `configure(...)` before",
    _built("configure"),
)
_DJANGO = OptionForm(
    frozenset({"priority", "queue_name", "run_after", "backend"}), "use `using(...)` before", _built("using")
)
_TASKIQ = OptionForm(
    frozenset({"delay", "queue_name", "priority", "schedule"}),
    "use `kicker().with_labels(...)` before",
    _built("kicker().with_labels"),
)

# by framework and form of the call
OPTION_FORMS: dict[tuple[str, str], OptionForm] = {
    ("celery", "delay"): _CELERY,
    ("celery", "delay_on_commit"): _CELERY_COMMIT,
    ("dramatiq", "send"): _DRAMATIQ,
    ("jobkit", "perform_later"): _JOBKIT,
    ("procrastinate", "defer"): _PROCRASTINATE,
    ("procrastinate", "defer_async"): _PROCRASTINATE,
    ("django_tasks", "enqueue"): _DJANGO,
    ("django_tasks", "aenqueue"): _DJANGO,
    ("taskiq", "kiq"): _TASKIQ,
}
