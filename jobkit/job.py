"""`Job`: the base class of a job, and what an instance of it knows and can do.

An instance is one call on its way: it is built, enqueued, stored as JSON, and at each delivery read into a **new**
instance. What a body keeps on `self` is gone afterwards, as it is in production.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self

from jobkit import current, enqueueing, executor, message
from jobkit.clock import instant
from jobkit.configured import Configured
from jobkit.definition import ATTRIBUTE, Declared, Definition
from jobkit.outcome import Outcome
from jobkit.record import moment
from jobkit.registry import register
from jobkit.settings import Settings
from jobkit.sync import drive

if TYPE_CHECKING:
    from jobkit.backend import Backend


#: what an instance may have of its own, set by this package
_ATTRIBUTES = (
    "_arguments", "_kwarguments", "job_id", "priority", "_accepted", "_enqueue_error", "_queue_name", "_due",
    "_encoded", "_enqueued_at", "_was_delivered", "executions", "_exception_executions", "_extras", "provider_job_id",
    "_retry_enqueued", "_refusal_noticed", "continuation",
)  # fmt: skip


class Job:
    """A job class: subclass it and write `perform`.

    Class attributes a subclass may set: `queue` (a name, or a callable of the job), `priority` (a number, lower is
    more urgent, or a callable of the job), `queue_prefix`, `strict` (JSON arguments only), `enqueue_after_commit`,
    and the delivery layer's `retry`, `retry_in`, `retries_exhausted`, `dead`, `retry_queue`, `retry_for`.

    Calling the class builds a job that is not enqueued, as `build` does.

    Raises:
        TypeError: the arguments do not fit `perform`.
    """

    queue: ClassVar[str | Callable[[Any], str] | None] = None
    queue_prefix: ClassVar[str | None] = None
    queue_delimiter: ClassVar[str] = "_"
    strict: ClassVar[bool] = False
    enqueue_after_commit: ClassVar[bool] = False
    #: of a job with steps: how often it may be resumed, seconds until then, and whether an error resumes it once it
    #: has advanced
    max_resumptions: ClassVar[int | None] = None
    resume_wait: ClassVar[float] = 5
    resume_errors_after_advancing: ClassVar[bool] = True

    job_id: str
    #: lower is more urgent; a class may set a number or a callable of the job
    priority: Any = None
    #: how often the job has been started, this time included while it runs
    executions: int = 0
    provider_job_id: str | None = None

    # a tuple until somebody asks for the list: the garbage collector need not look at one of numbers and texts
    _arguments: list[Any] | tuple[Any, ...]
    # None until somebody asks, where there are none: an empty dict a job is a lot of memory for a long queue
    _kwarguments: dict[str, Any] | None = None
    # the arguments as JSON values while they are not decoded yet
    _encoded: tuple[list[Any], dict[str, Any]] | None = None
    _queue_name: str | None = None
    _due: float | None = None
    _enqueued_at: str | None = None
    _exception_executions: dict[str, int] | None = None
    # what mechanisms (continuations, batches, locks) keep in the message
    _extras: dict[str, Any] | None = None
    # whether this instance was read from a message, to be performed
    _was_delivered: bool = False
    _retry_enqueued: bool = False
    # whether the queue took it, why not, and whether anybody has looked: a test fails over a refusal nobody noticed
    _accepted: bool | None = None
    _enqueue_error: BaseException | None = None
    _refusal_noticed: bool = False
    #: the steps of this execution, once the first is met
    continuation: Any = None
    _definition: ClassVar[Definition | None] = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = Declared()
        for value in list(cls.__dict__.values()):
            declared = getattr(value, "declared_in_body", None)
            if isinstance(declared, Declared):
                own.callbacks += declared.callbacks
                own.after_discard += declared.after_discard
        setattr(cls, ATTRIBUTE, own)
        cls._definition = None
        cls._custom_payload = cls.serialize is not Job.serialize or cls.deserialize is not Job.deserialize
        register(f"{cls.__module__}.{cls.__qualname__}", cls)

    _custom_payload: ClassVar[bool] = False

    def __init__(self, *arguments: Any, **kwarguments: Any) -> None:
        definition = self._definition or self.definition
        definition.check_call(arguments, kwarguments)
        self._arguments = arguments
        if kwarguments:
            self._kwarguments = kwarguments
        self.job_id = current.current_backend().ids.job_id()
        priority = definition.priority
        self.priority = priority(self) if callable(priority) else priority

    def perform(self, *arguments: Any, **kwarguments: Any) -> Any:
        """The work; a subclass writes it, with the parameters that `perform_later` takes."""
        raise NotImplementedError(f"{type(self).__qualname__} has no perform")

    @property
    def definition(self) -> Definition:
        """What the class declares, base classes included."""
        cls = type(self)
        if cls._definition is None:
            cls._share_attributes()
            cls._definition = Definition(cls)
        return cls._definition

    @classmethod
    def _share_attributes(cls) -> None:
        """Let all instances share one table of names: CPython adds to it for the first few instances alone, and a job
        with a name that is not in it has a dict of its own, which doubles its size."""
        first = cls.__new__(cls)
        for name in _ATTRIBUTES:
            setattr(first, name, None)

    @classmethod
    def _forget_definition(cls) -> None:
        for known in (cls, *cls.__subclasses__()):
            known._definition = None
            if known is not cls:
                known._forget_definition()

    # Building and enqueueing

    @classmethod
    def build(cls, *arguments: Any, **kwarguments: Any) -> Self:
        """A job that is not enqueued: for `perform_all_later`, `enqueue`, or to look at."""
        return cls(*arguments, **kwarguments)

    @classmethod
    def perform_later(cls, *arguments: Any, **kwarguments: Any) -> Self:
        """Enqueue a job with these arguments.

        Returns the job. It is falsy, and its `successfully_enqueued` False, when a before_enqueue callback or a lock
        kept it out, or the queue refused it (then `enqueue_error` says why).

        Raises:
            TypeError: the arguments do not fit `perform`.
            SerializationError: an argument cannot travel.
        """
        job = cls(*arguments, **kwarguments)
        enqueueing.enqueue(job, current.current_backend())
        return job

    @classmethod
    def perform_now(cls, *arguments: Any, **kwarguments: Any) -> Any:
        """Perform in this process, with callbacks and error handlers; returns what `perform` returns.

        An async job gives a coroutine to await. False if a before_perform callback aborted.

        Raises:
            Exception: the error of the job, after its handlers have run (a retry enqueued, a discard recorded); a
                note on it says what they did. ActiveJob would return it instead.
        """
        return executor.perform_now(cls(*arguments, **kwarguments), current.current_backend())

    @classmethod
    def set(
        cls,
        *,
        wait: float | timedelta | None = None,
        wait_until: datetime | None = None,
        queue: str | None = None,
        priority: int | None = None,
    ) -> Configured[..., Any]:
        """The same job with options for one enqueue.

        Args:
            wait: seconds or a timedelta until it may run.
            wait_until: an aware datetime before which it does not run; wins over `wait`.
            queue, priority: instead of the class's own.
        """
        return Configured(cls, Settings(wait, wait_until, queue, priority))

    def enqueue(
        self,
        *,
        wait: float | timedelta | None = None,
        wait_until: datetime | None = None,
        queue: str | None = None,
        priority: int | None = None,
    ) -> Self:
        """Enqueue this job, with the options of `set`; may be done again, the id stays."""
        self.configure(Settings(wait, wait_until, queue, priority))
        enqueueing.enqueue(self, current.current_backend())
        return self

    def retry_job(
        self,
        *,
        wait: float | timedelta | None = None,
        wait_until: datetime | None = None,
        queue: str | None = None,
        priority: int | None = None,
        error: BaseException | None = None,
    ) -> Self:
        """Enqueue this job once more as a further attempt, callbacks included, as ActiveJob's ``retry_job``."""
        enqueueing.retry(self, Settings(wait, wait_until, queue, priority), error, current.current_backend())
        return self

    def configure(self, settings: Settings) -> None:
        """Apply the options of `set` to this job."""
        if settings.wait is not None:
            self._due = instant(
                settings.wait if isinstance(settings.wait, timedelta) else float(settings.wait),
                current.current_backend().clock.time(),
                "set(wait=)",
            )
        if settings.wait_until is not None:
            self._due = instant(settings.wait_until, 0.0, "set(wait_until=)")
        if settings.queue is not None:
            self._queue_name = self._prefixed(settings.queue)
        if settings.priority is not None:
            self.priority = int(settings.priority)

    # What a job knows about itself

    @property
    def arguments(self) -> list[Any]:
        """The positional arguments; a callback may change them."""
        held = self._arguments
        if not isinstance(held, list):
            held = self._arguments = list(held)
        return held

    @arguments.setter
    def arguments(self, arguments: list[Any]) -> None:
        self._arguments = arguments

    @property
    def kwarguments(self) -> dict[str, Any]:
        """The keyword arguments; a callback may change them."""
        held = self._kwarguments
        if held is None:
            held = self._kwarguments = {}
        return held

    @kwarguments.setter
    def kwarguments(self, kwarguments: dict[str, Any]) -> None:
        self._kwarguments = kwarguments

    @property
    def successfully_enqueued(self) -> bool | None:
        """None before an enqueue, then whether the queue took the job."""
        self._refusal_noticed = True
        return self._accepted

    @property
    def enqueue_error(self) -> BaseException | None:
        """Why a lock or the queue refused the job; None where a callback aborted."""
        self._refusal_noticed = True
        return self._enqueue_error

    @property
    def queue_name(self) -> str:
        """The queue it goes to, prefix included; a callable `queue` is asked once and remembered."""
        name = self._queue_name
        if name is None:
            declared = self.definition.queue
            chosen = declared(self) if callable(declared) else declared
            name = self._queue_name = self._prefixed(chosen or "default")
        return name

    @queue_name.setter
    def queue_name(self, name: str) -> None:
        self._queue_name = name

    def _prefixed(self, name: str) -> str:
        return f"{self.queue_prefix}{self.queue_delimiter}{name}" if self.queue_prefix else name

    @property
    def exception_executions(self) -> dict[str, int]:
        """Failures counted by retry_on declaration, under the printed list of its error classes."""
        if self._exception_executions is None:
            self._exception_executions = {}
        return self._exception_executions

    @exception_executions.setter
    def exception_executions(self, counts: dict[str, int]) -> None:
        self._exception_executions = counts

    @property
    def enqueued_at(self) -> datetime | None:
        """When it was enqueued; known only to a job that was read from a message."""
        text = self._enqueued_at
        return None if text is None else datetime.fromisoformat(text[:26] + "+00:00")

    @property
    def scheduled_at(self) -> datetime | None:
        """The moment before which it does not run; None to run at once."""
        return None if self._due is None else moment(self._due)

    @scheduled_at.setter
    def scheduled_at(self, at: datetime | None) -> None:
        self._due = None if at is None else instant(at, 0.0, "scheduled_at")

    def run(self, backend: Backend) -> Outcome | Coroutine[Any, Any, Outcome]:
        """Perform this job once, callbacks, guards and error handlers included, and say how it ended.

        For an async job, something to await.
        """
        definition = self._definition or self.definition
        if definition.is_plain:
            return executor.perform_plain(self, definition, backend)
        running = executor.execute(self, backend)
        return running if definition.is_async else drive(running)

    @property
    def extras(self) -> dict[str, Any]:
        """What mechanisms (continuations, batches, locks) keep with the job; JSON values, stored in its message."""
        if self._extras is None:
            self._extras = {}
        return self._extras

    # The stored form

    def serialize(self) -> dict[str, Any]:
        """The message as a mapping of JSON values. A subclass may add keys to what this returns."""
        return message.payload_of(self, self.definition, current.current_backend().clock.time())

    def deserialize(self, payload: dict[str, Any]) -> None:
        """Take keys of one's own out of `payload`; must do with their absence, for old messages lack them."""

    def __bool__(self) -> bool:
        self._refusal_noticed = True
        return self._accepted is not False

    def __repr__(self) -> str:
        # A debugger may ask an instance that is being made, before it has arguments.
        known = self.__dict__
        arguments, kwarguments = self._encoded or (known.get("_arguments", ()), known.get("_kwarguments") or {})
        shown = [repr(value) for value in arguments]
        shown += [f"{key}={value!r}" for key, value in kwarguments.items()]
        return f"{type(self).__qualname__.rpartition('.')[2]}({', '.join(shown)})"
