"""`@job`: a function as a job, with its signature kept for type checkers and for callers."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast, overload

from jobkit import current, enqueueing, executor
from jobkit.configured import Configured
from jobkit.definition import ATTRIBUTE, RETRY_ATTRIBUTES, Declared
from jobkit.errors import ConfigError
from jobkit.job import Job
from jobkit.settings import Settings

if TYPE_CHECKING:
    from jobkit.definition import Definition

P = ParamSpec("P")
R = TypeVar("R")

_OPTIONS = {"queue", "priority", "queue_prefix", "strict", "enqueue_after_commit", *RETRY_ATTRIBUTES}


class JobFunction(Generic[P, R]):
    """A function that is a job. Calling it calls the function; `perform_later` enqueues.

    Attributes:
        job_class: the `Job` subclass behind it, which messages name.
    """

    def __init__(self, function: Callable[P, R], base: type[Job], options: dict[str, Any]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        # Decorators between the function and @job have left their declarations on the function.
        declared = function.__dict__.pop(ATTRIBUTE, None)
        body: dict[str, Any] = {
            "__module__": function.__module__,
            "__qualname__": function.__qualname__,
            "__doc__": function.__doc__,
            "perform": staticmethod(function),
            "job_function": self,
            **{
                name: staticmethod(value) if name != "queue" and name != "priority" and callable(value) else value
                for name, value in options.items()
            },
        }
        self.job_class: type[Job] = type(function.__name__, (base,), body)
        if declared is not None:
            cast(Declared, self.job_class.__dict__[ATTRIBUTE]).put_above(declared)

    def __call__(self, *arguments: P.args, **kwarguments: P.kwargs) -> R:
        return self.function(*arguments, **kwarguments)

    def __get__(self, instance: object, owner: type | None = None) -> JobFunction[P, R]:
        return self

    @property
    def definition(self) -> Definition:
        """What the job declares."""
        return self.job_class.__new__(self.job_class).definition

    def build(self, *arguments: P.args, **kwarguments: P.kwargs) -> Job:
        """A job that is not enqueued: for `perform_all_later`, `enqueue`, or to look at."""
        return self.job_class(*arguments, **kwarguments)

    def perform_later(self, *arguments: P.args, **kwarguments: P.kwargs) -> Job:
        """Enqueue the function with these arguments; see `Job.perform_later`."""
        job = self.job_class(*arguments, **kwarguments)
        enqueueing.enqueue(job, current.current_backend())
        return job

    def perform_now(self, *arguments: P.args, **kwarguments: P.kwargs) -> R:
        """Perform in this process, with callbacks and error handlers; see `Job.perform_now`."""
        return executor.perform_now(  # type: ignore[no-any-return]  # the body's own result
            self.job_class(*arguments, **kwarguments), current.current_backend()
        )

    def set(
        self,
        *,
        wait: float | timedelta | None = None,
        wait_until: datetime | None = None,
        queue: str | None = None,
        priority: int | None = None,
    ) -> Configured[P, R]:
        """The same job with options for one enqueue; see `Job.set`."""
        return Configured(self.job_class, Settings(wait, wait_until, queue, priority))

    def __repr__(self) -> str:
        return f"<job {self.function.__module__}.{self.function.__qualname__}>"


@overload
def job(function: Callable[P, R], /) -> JobFunction[P, R]: ...
@overload
def job(
    *,
    queue: str | Callable[[Job], str] | None = ...,
    priority: int | Callable[[Job], int] | None = ...,
    strict: bool = ...,
    base: type[Job] = ...,
    **options: Any,
) -> Callable[[Callable[P, R]], JobFunction[P, R]]: ...
def job(function: Any = None, /, *, base: type[Job] = Job, **options: Any) -> Any:
    """Make a function a job; ``@job`` or ``@job(queue="mail", priority=10)``.

    Args:
        base: a `Job` subclass that holds what jobs share (handlers, callbacks).
        options: the class attributes of `Job`: queue, priority, queue_prefix, strict, enqueue_after_commit, and the
            delivery layer's retry, retry_in, retries_exhausted, dead, retry_queue, retry_for.

    Raises:
        ConfigError: an option that no job has, or something that is no function.
    """
    unknown = sorted(set(options) - _OPTIONS)
    if unknown:
        raise ConfigError(f"@job({unknown[0]}=...): no such option; there are {', '.join(sorted(_OPTIONS))}")
    if function is None:
        return lambda given: _make(given, base, options)
    return _make(function, base, options)


def _make(function: Any, base: type[Job], options: dict[str, Any]) -> JobFunction[Any, Any]:
    if not callable(function) or isinstance(function, (type, JobFunction)):
        raise ConfigError(f"@job takes a function, not {function!r}; a class becomes a job by subclassing Job")
    return JobFunction(function, base, options)
