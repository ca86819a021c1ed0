"""APScheduler 3 under the engine.

The capture point is the job store: while a test runs each scheduler keeps its jobs in the process (`store`), starts no
thread, and looks for due jobs only when the engine says so. A job that runs once (`date`, or no trigger) is a message
with its run date as due time. Jobs with an interval or a cron trigger are entries of the framework's schedule
(`Capture.recurring`); each of their runs is a message when it is fired. Execution is APScheduler's own ``run_job``,
with its grace time for runs that are late, and its events go to the scheduler's listeners.

APScheduler neither retries nor acknowledges: it takes a job out of its store before the body runs, so what a lost
process had begun is gone.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from apscheduler.events import (  # type: ignore[import-untyped]  # APScheduler has no types
    EVENT_JOB_ERROR,
    EVENT_JOB_MISSED,
    EVENT_JOB_SUBMITTED,
    JobSubmissionEvent,
)
from apscheduler.executors import base as executors  # type: ignore[import-untyped]
from apscheduler.executors.base import run_coroutine_job, run_job  # type: ignore[import-untyped]
from apscheduler.job import Job  # type: ignore[import-untyped]
from apscheduler.schedulers import base as schedulers  # type: ignore[import-untyped]
from apscheduler.schedulers.base import STATE_STOPPED, BaseScheduler  # type: ignore[import-untyped]
from apscheduler.triggers import date, interval  # type: ignore[import-untyped]
from apscheduler.util import (  # type: ignore[import-untyped]
    get_callable_name,
    iscoroutinefunction_partial,
    ref_to_obj,
)

from jobkit.envelope import AckMode, Call, Delivery, Envelope
from jobkit.errors import ConfigError
from jobkit.outcome import Outcome, OutcomeKind
from pytest_jobkit.capture.apscheduler.clock import engine_datetime
from pytest_jobkit.capture.apscheduler.running import running_before
from pytest_jobkit.capture.apscheduler.store import EngineStore
from pytest_jobkit.capture.base import Capture, Recurring
from pytest_jobkit.capture.class_tree import all_subclasses
from pytest_jobkit.capture.coroutines import run_to_end
from pytest_jobkit.capture.process_end import ends_the_process

_RUN = "apscheduler_run"


class Run(NamedTuple):
    """One run of a job.

    Attributes:
        store: where the job is kept; job: as it was when the run was planned.
        at: when it is to run, by the trigger.
    """

    store: EngineStore
    job: Any
    at: Any


class APSchedulerCapture(Capture):
    """Every scheduler of APScheduler under the engine."""

    framework = "apscheduler"
    label = "APScheduler"
    distribution = "apscheduler"
    known_versions = ("3.11",)

    def patch(self) -> None:
        self._busy: str | None = None
        self._started: list[Any] = []
        self._exchanged: list[tuple[Any, dict[str, Any]]] = []
        self.forbid_connections("apscheduler")
        now = engine_datetime(self.clock.time)
        for module in _READ_THE_TIME:
            self.replace(module, "datetime", now)
        start, shutdown = BaseScheduler.start, BaseScheduler.shutdown
        for scheduler in (BaseScheduler, *all_subclasses(BaseScheduler)):
            own = vars(scheduler)
            if "start" in own:
                self.replace(scheduler, "start", self._without_a_loop(start))
            if "shutdown" in own:
                self.replace(scheduler, "shutdown", self._without_a_thread(own["shutdown"], shutdown))
            if "wakeup" in own:
                self.replace(scheduler, "wakeup", lambda scheduler: None)
        self.replace(BaseScheduler, "_process_jobs", lambda scheduler: None)
        for scheduler in running_before():
            self._exchange_stores(scheduler)

    def unpatch(self) -> None:
        for scheduler in self._started:
            if scheduler.state != STATE_STOPPED:
                scheduler.shutdown(wait=False)
        for scheduler, stores in self._exchanged:
            scheduler._jobstores = stores

    def _without_a_loop(self, start: Any) -> Any:
        def start_here(scheduler: Any, *arguments: Any, **options: Any) -> None:
            """`start` without the thread, timer or loop that would look for due jobs."""
            self._started.append(scheduler)
            if "default" not in scheduler._jobstores:  # the start would add it, and jobs to it
                scheduler.add_jobstore(scheduler._create_default_jobstore(), "default")
            self._exchange_stores(scheduler)
            start(scheduler, *arguments, **options)

        return start_here

    def _without_a_thread(self, original: Any, shutdown: Any) -> Any:
        def shut_down(scheduler: Any, *arguments: Any, **options: Any) -> None:
            if scheduler in self._started:
                self._started.remove(scheduler)
                shutdown(scheduler, *arguments, **options)
            else:
                original(scheduler, *arguments, **options)

        return shut_down

    def _exchange_stores(self, scheduler: Any) -> None:
        """Give a scheduler stores in the process, with the jobs that those in memory have."""
        stores = {
            alias: store if isinstance(store, EngineStore) else EngineStore(store, alias, scheduler, self._planned)
            for alias, store in scheduler._jobstores.items()
        }
        if any(store is not scheduler._jobstores[alias] for alias, store in stores.items()):
            if all(known is not scheduler for known, _ in self._exchanged):
                self._exchanged.append((scheduler, dict(scheduler._jobstores)))
            scheduler._jobstores = stores

    def _planned(self, store: EngineStore, job: Any) -> None:
        """A job has been added to a store, or has been given another time."""
        if _runs_once(job) and job.next_run_time is not None:
            self.enqueue(Run(store, job, job.next_run_time))

    def envelope(self, raw: Run) -> Envelope:
        envelope = Envelope(
            raw.job.id, _name(raw.job), raw.store.body(raw.job), self, raw.job.executor, None, self.due(raw)
        )  # fmt: skip
        envelope.headers = {_RUN: raw}
        return envelope

    def due(self, raw: Run) -> float | None:
        at: float = raw.at.timestamp()
        return at if at > self.clock.time() else None

    def perform(self, delivery: Delivery) -> Outcome:
        run = _run(delivery.envelope)
        if delivery.number == 1 and _runs_once(run.job) and not run.store.take(run.job):
            return Outcome(OutcomeKind.DROPPED, reason="it was removed, paused or given another time")
        outer, self._busy = self._busy, delivery.envelope.name
        try:
            return self._execute(run, run.store.job_of(delivery.envelope.body, run.job))
        finally:
            self._busy = outer

    def _execute(self, run: Run, job: Any) -> Outcome:
        scheduler, alias = run.store.scheduler, run.store.alias
        scheduler._dispatch_event(JobSubmissionEvent(EVENT_JOB_SUBMITTED, job.id, alias, [run.at]))
        logger = f"apscheduler.executors.{job.executor}"
        if iscoroutinefunction_partial(job.func):
            events = run_to_end(run_coroutine_job(job, alias, [run.at], logger))
        else:
            events = run_job(job, alias, [run.at], logger)
        (event,) = events
        if event.code == EVENT_JOB_ERROR and ends_the_process(event.exception):
            raise event.exception
        scheduler._dispatch_event(event)
        if event.code == EVENT_JOB_MISSED:
            return Outcome(
                OutcomeKind.DROPPED,
                reason=f"it was due at {run.at:%Y-%m-%d %H:%M:%S} and is {self.clock.time() - run.at.timestamp():g} s "
                f"late, more than misfire_grace_time={job.misfire_grace_time} allows; perform jobs as time passes "
                "(perform_enqueued_jobs(until=...)), or give the job a longer misfire_grace_time",
            )
        if event.code == EVENT_JOB_ERROR:
            return Outcome(OutcomeKind.FAILED, error=event.exception, reason="APScheduler does not retry")
        return Outcome(OutcomeKind.SUCCEEDED, event.retval)

    def lose(self, delivery: Delivery) -> Outcome:
        """The scheduler's process is gone; the job had left its store before the body began."""
        run = _run(delivery.envelope)
        if _runs_once(run.job):
            run.store.take(run.job)
        return super().lose(delivery)

    def ack_mode(self, envelope: Envelope) -> AckMode:
        return AckMode.EARLY

    def attempts_max(self, envelope: Envelope) -> int | None:
        return 1

    def call(self, envelope: Envelope) -> Call:
        run = _run(envelope)
        job = run.store.job_of(envelope.body, run.job)
        return Call(envelope.name, tuple(job.args), dict(job.kwargs))

    def target(self, envelope: Envelope) -> object | None:
        return _function(_run(envelope).job)

    def is_for(self, envelope: Envelope, job: object) -> bool:
        """By its function, its name or its id; a function that has no name of its own is compared as an object."""
        if isinstance(job, str) and job in (envelope.job_id, _run(envelope).job.name):
            return True
        return super().is_for(envelope, job) or self.target(envelope) is job

    def job_name(self, job: object) -> str | None:
        if isinstance(job, Job):
            return _name(job)
        return f"{job.__module__}.{job.__qualname__}" if inspect.isroutine(job) else None

    def signature(self, target: object) -> inspect.Signature | None:
        return inspect.signature(target) if inspect.isroutine(target) else None

    def body(self, target: object) -> tuple[Any, str] | None:
        """None: a job holds its function itself."""
        return None

    def send(self, target: object, arguments: Sequence[Any], kwarguments: dict[str, Any]) -> None:
        """As ``add_job`` without a trigger, on the one scheduler that runs."""
        running = [scheduler for scheduler, _ in self._exchanged if scheduler.state != STATE_STOPPED]
        if len(running) != 1:
            raise ConfigError(
                f"APScheduler: {len(running)} schedulers are running; add the job to the one that is meant, "
                "then give the record of the enqueued job"
            )
        running[0].add_job(target, args=arguments, kwargs=kwarguments)

    def busy_with(self) -> str | None:
        return self._busy

    def recurring(self) -> Iterator[Recurring]:
        """The jobs of the running schedulers that run more than once."""
        for scheduler in [scheduler for scheduler, _ in self._exchanged]:
            for store in scheduler._jobstores.values():
                for job in store.get_all_jobs():
                    if not _runs_once(job):
                        yield Recurring(_name(job), _next_run_of(store, job.id), self._fire(store, job.id))

    def _fire(self, store: EngineStore, job_id: str) -> Any:
        def fire() -> None:
            job = store.lookup_job(job_id)
            at = None if job is None else job.next_run_time
            if at is None or at.timestamp() > self.clock.time():
                return
            self.enqueue(Run(store, job, at))
            following = job.trigger.get_next_fire_time(at, at)
            if following is None:
                store.scheduler.remove_job(job_id, store.alias)
            else:
                job._modify(next_run_time=following)
                store.update_job(job)

        return fire


#: the modules that ask what time it is and do nothing else with the class
_READ_THE_TIME = (schedulers, executors, interval, date)


def _next_run_of(store: EngineStore, job_id: str) -> Any:
    def next_after(instant: float) -> float | None:
        job = store.lookup_job(job_id)
        if job is None or job.next_run_time is None:
            return None
        at: float = job.next_run_time.timestamp()
        return max(at, instant)

    return next_after


def _runs_once(job: Any) -> bool:
    """Whether the trigger has no further time after the next one."""
    at = job.next_run_time
    return at is None or job.trigger.get_next_fire_time(at, at) is None


def _name(job: Any) -> str:
    """The function's path with dots, as other frameworks write it."""
    if job.func_ref and not job.func_ref.startswith("None:"):
        return str(job.func_ref).replace(":", ".")
    module = getattr(job.func, "__module__", None)
    return f"{module}.{get_callable_name(job.func)}" if module else str(get_callable_name(job.func))


def _function(job: Any) -> object | None:
    function: object = job.func
    if job.func_ref and not inspect.ismethod(function):
        try:
            function = ref_to_obj(job.func_ref)
        except (LookupError, ImportError):
            return None
    return function


def _run(envelope: Envelope) -> Run:
    run: Run = (envelope.headers or {})[_RUN]
    return run
