"""`simulate_retries`: a job whose attempts fail as told, from its first execution to its end."""

from __future__ import annotations

import json
import math
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from jobkit import ConfigError, Job, JobFunction, JobRecord, State
from jobkit.envelope import Envelope
from jobkit.performer import PERFORMER, definition_of
from jobkit.retry.handlers import RetryOn, find_handler
from pytest_jobkit.calling import Use, note_awaiting, use_of_call
from pytest_jobkit.matchers.target import target_of
from pytest_jobkit.simulation.chance import HeldChance, holding, share_of
from pytest_jobkit.simulation.errors import ErrorPlan, Raising
from pytest_jobkit.simulation.injection import failing
from pytest_jobkit.simulation.run import Attempt, RetryRun

if TYPE_CHECKING:
    from pytest_jobkit.session import JobSession

#: pytest leaves these frames out of tracebacks: an error is about the line of the test that leads here
__tracebackhide__ = True


class SimulateRetries:
    """Runs one job through failing attempts: ``run = simulate_retries(job, 42, raising=Timeout, times=4)``."""

    def __init__(self, session: JobSession) -> None:
        self._session = session

    def __call__(
        self,
        job: Any,
        *arguments: Any,
        raising: Raising,
        times: int | None = None,
        when: str = "before",
        jitter: str | float | None = None,
        attempt: int = 1,
        limit: int | None = 1_000,
        **kwarguments: Any,
    ) -> RetryRun:
        """Enqueue `job`, perform it with its retries on the test's clock, and say what came of it.

        The attempts that do not fail run the body. Other jobs that it enqueues stay enqueued. In an async test with
        an async job: ``run = await simulate_retries(...)``.

        Args:
            job: a job, with its arguments after it; or a job that was built, or the record of one that is enqueued.
            raising: an error or its class; or a list with an entry for each attempt, None to let it run.
            times: how many attempts fail with that one error; by default all of them.
            when: "before" raises instead of running the body, "after" once it has run.
            jitter: "none" or "min", "max", or a share from 0 to 1 of its range; by default the engine's seed decides.
            attempt: the number of the first attempt, as if those before had failed in every `retry_on`.
            limit: the most executions.

        Raises:
            ConfigError: an argument is of no use, or the job was refused by its queue.
            DrainLimitError: the job did not come to an end within `limit` executions.
        """
        if when not in ("before", "after"):
            raise ConfigError(f'simulate_retries(when={when!r}): give "before" or "after" (the body of the job)')
        if isinstance(attempt, bool) or attempt < 1:
            raise ConfigError(f"simulate_retries(attempt={attempt!r}): attempts count from 1")
        simulation = _Simulation(self._session, ErrorPlan.of(raising, times), when == "after", share_of(jitter), limit)
        waiting = simulation.enqueued(job, arguments, kwarguments, attempt)
        if use_of_call() is Use.AWAIT:
            return _Awaited(simulation, waiting)  # type: ignore[return-value]  # what awaiting it gives
        try:
            return simulation.run(waiting)
        except ConfigError as error:
            note_awaiting(error, "await simulate_retries(...)")
            raise

    def __repr__(self) -> str:
        return "simulate_retries"


class _Awaited:
    def __init__(self, simulation: _Simulation, waiting: Envelope) -> None:
        self._simulation = simulation
        self._waiting = waiting

    def __await__(self) -> Generator[Any, None, RetryRun]:
        return self._simulation.arun(self._waiting).__await__()


class _Simulation:
    def __init__(
        self, session: JobSession, plan: ErrorPlan, after_body: bool, share: float | None, limit: int | None
    ) -> None:
        self._session = session
        self._engine = session.engine
        self._plan = plan
        self._after_body = after_body
        self._share = share
        self._limit = limit

    def enqueued(self, job: Any, arguments: tuple[Any, ...], kwarguments: dict[str, Any], attempt: int) -> Envelope:
        """The message of `job`, which waits in its queue now."""
        engine = self._engine
        before = len(engine.pushes)
        if isinstance(job, (JobRecord, Job)) and (arguments or kwarguments):
            raise ConfigError(f"simulate_retries({job!r}, ...): it has its arguments already; give none besides")
        if isinstance(job, JobRecord):
            if attempt != 1:
                raise ConfigError(
                    "simulate_retries(attempt=...) with the record of an enqueued job: give the job itself"
                )
            return job.envelope
        if isinstance(job, JobFunction) or (isinstance(job, type) and issubclass(job, Job)):
            job = job.build(*arguments, **kwarguments)
        with engine.active():
            if isinstance(job, Job):
                _count_as_attempt(job, attempt)
                job.enqueue()
                if not job.successfully_enqueued:
                    raise ConfigError(f"simulate_retries: {job} was not enqueued: {_refusal(job)}")
            else:
                target = target_of(job, self._session.captures)
                if attempt != 1:
                    raise ConfigError("simulate_retries(attempt=...) is for jobkit's own jobs; give a list in raising=")
                (target.performer or PERFORMER).send(job, arguments, kwarguments)
        if len(engine.pushes) == before:
            raise ConfigError(f"simulate_retries: {job!r} put no message into a queue of this test")
        return engine.pushes[before].record.envelope

    def run(self, waiting: Envelope) -> RetryRun:
        """Perform the job to its end."""
        first = len(self._engine.deliveries)
        with self._held(waiting):
            self._engine.drain(only=_is(waiting.job_id), errors="capture", limit=self._limit)
        return self._plan_of(waiting.job_id, first)

    async def arun(self, waiting: Envelope) -> RetryRun:
        """`run` on the running event loop."""
        first = len(self._engine.deliveries)
        with self._held(waiting):
            await self._engine.adrain(only=_is(waiting.job_id), errors="capture", limit=self._limit)
        return self._plan_of(waiting.job_id, first)

    @contextmanager
    def _held(self, waiting: Envelope) -> Iterator[None]:
        with holding(self._session.chances, self._share), failing(waiting, self._plan, self._after_body):
            yield

    def _plan_of(self, job_id: str, first: int) -> RetryRun:
        records = [record for record in self._engine.deliveries[first:] if record.job_id == job_id]
        if not records:
            raise ConfigError(
                f"simulate_retries: job {job_id!r} was never performed; is it blocked by a lock or a limit?"
            )
        self._session.spoken_of.add(job_id)
        waits: list[float | None] = [
            round(_started(later) - (earlier.finished or 0.0), 6) for earlier, later in pairwise(records)
        ]
        bounds = _bounds(records)
        attempts = [
            Attempt(
                record.executions,
                record.started_at or record.enqueued_at,
                record.state.value,
                record.error,
                record.queue_name,
                record.priority,
                wait,
                None if wait is None else bound,
            )
            for record, wait, bound in zip(records, [*waits, None], bounds, strict=True)
        ]
        return RetryRun(tuple(attempts), records[-1])


def _started(record: JobRecord) -> float:
    return record.started or 0.0


def _is(job_id: str) -> Any:
    return lambda record: record.job_id == job_id


def _refusal(job: Job) -> str:
    return "a before_enqueue callback aborted" if job.enqueue_error is None else str(job.enqueue_error)


def _count_as_attempt(job: Job, attempt: int) -> None:
    """Let `job` look as if all attempts before this one had failed, in every retry_on."""
    if attempt > 1:
        job.executions = attempt - 1
        rules = [handler for handler in job.definition.handlers if isinstance(handler, RetryOn)]
        job.exception_executions = {rule.key: attempt - 1 for rule in rules}


def _bounds(records: list[JobRecord]) -> list[tuple[float, float] | None]:
    """What the retry_on that took each error makes of the wait with the least and the most jitter."""
    least, most = HeldChance(), HeldChance()
    least.share, most.share = share_of("min"), share_of("max")
    bounds: list[tuple[float, float] | None] = []
    for record in records:
        known: tuple[float, float] | None = None
        if record.state is State.RETRIED and record.envelope.performer is PERFORMER and record.error is not None:
            job_class: Any = getattr(record.job, "job_class", record.job)
            found = find_handler(definition_of(job_class).handlers, record.error)
            if found is not None and isinstance(found[0], RetryOn):
                rule = found[0]
                count = _count_of(record, rule)
                low, high = rule.wait.seconds(count, found[1], least), rule.wait.seconds(count, found[1], most)
                known = None if low is None or high is None else (_floored(low), -_floored(-high))
        bounds.append(known)
    return bounds


def _floored(wait: float) -> float:
    """In whole microseconds, which is what differences of instants are good for."""
    return math.floor(wait * 1e6) / 1e6


def _count_of(record: JobRecord, rule: RetryOn) -> int:
    """The number of the failure in `rule`: what the message of that attempt had counted, and this one."""
    payload = json.loads(record.envelope.body)
    counted: int = (payload.get("exception_executions") or {}).get(rule.key, 0)
    return counted + 1
