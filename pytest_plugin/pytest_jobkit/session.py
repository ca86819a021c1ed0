"""`JobSession`: a fresh engine under a test, with every imported framework captured, and what to ask of it.

It needs no pytest: ``with JobSession() as jobs:`` works in a script, in unittest, in a notebook.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from jobkit import ConfigError, Job, JobRecord, SystemClock, VirtualClock, simulated_transaction
from jobkit.events import Event
from pytest_jobkit.assertions import AssertCount, AssertWith
from pytest_jobkit.capture.django_orm import run_commit_hooks, waiting_on_commit
from pytest_jobkit.capture.installed import InstalledCaptures
from pytest_jobkit.clock import JobClock
from pytest_jobkit.interrupting import ANY_CURSOR, interrupted
from pytest_jobkit.matchers.expectation import Expectation, Verdict
from pytest_jobkit.matchers.matcher import HaveJob
from pytest_jobkit.matchers.question import Question, Said
from pytest_jobkit.matchers.sighting import DEAD, DISCARDED, ENQUEUED, PENDING, PERFORMED, PUSHED, RETRIED
from pytest_jobkit.matchers.target import Selection, Target
from pytest_jobkit.performing import PerformEnqueuedJobs
from pytest_jobkit.performing_one import perform_one
from pytest_jobkit.recorder import Origin, RecordingEngine
from pytest_jobkit.sequences import EnqueuedInOrder, JobSequence
from pytest_jobkit.simulation.chance import HeldChance
from pytest_jobkit.simulation.simulate import SimulateRetries
from pytest_jobkit.strict import SilentFailure, kinds_of, silent_failure
from pytest_jobkit.timeline import Moment, timeline

if TYPE_CHECKING:
    from jobkit import Batch, QueueConfig, Schedule
    from jobkit.recurring.entry import Entry, FireTime
    from jobkit.transactions import SimulatedTransaction
    from pytest_jobkit.locking import LockState
    from pytest_jobkit.queue_waits import QueueWait
    from pytest_jobkit.statsd import StatsdServer

#: pytest leaves these frames out of tracebacks: an error is about the line of the test that leads here
__tracebackhide__ = True

Compare = Callable[[Any, Any], list[str]]


class JobSession:
    """One test's jobs: nothing that is enqueued between entering and leaving reaches a broker.

    Every part has the name of its fixture: ``jobs.have_enqueued_job(...)``, ``jobs.perform_enqueued_jobs()``.

    Args:
        start: the instant (aware) at which the clock stands; by default the present one, to the millisecond.
        seed: of all chance in the engine.
        config: queues, weights, retries; schedule: recurring jobs.
        frameworks: names of the frameworks to capture; None captures every one that is imported.
        freezer: "freezegun" or "time-machine".
        strict: whether leaving the session raises `SilentFailure` over a job that came to nothing (discarded, dead,
            halted, dropped, refused) without a word of the test.
        allow: the kinds that need no word.

    Attributes:
        engine: the engine under the test; everything that it offers (`advance`, `requeue`, `locks`, ...) may be used.
        clock: its time.
        captures: the captured frameworks.
    """

    def __init__(
        self,
        *,
        start: datetime | None = None,
        seed: int | None = 0,
        config: QueueConfig | None = None,
        schedule: Schedule | None = None,
        frameworks: Sequence[str] | None = None,
        freezer: str = "freezegun",
        strict: bool = True,
        allow: Iterable[str] | str = (),
    ) -> None:
        clock = VirtualClock(_present() if start is None else start)
        self.engine = RecordingEngine(clock=clock, seed=seed, config=config, schedule=schedule)
        self.clock = JobClock(self.engine, clock, freezer)
        self.captures = InstalledCaptures(self.engine.push, clock, frameworks, self.engine.chance)
        #: pytest's own diff of two values, where pytest is there
        self.compare: Compare | None = None
        #: what the test has written, asked or not
        self.questions: list[Question] = []
        #: the last yes or no
        self.said: Said | None = None
        #: ids of the jobs whose bad end the test knows of
        self.spoken_of: set[str] = set()
        #: what the test asked of enqueued jobs; None for any job
        self.enqueue_questions: list[Target | Selection | None] = []
        self._began = clock.time()
        #: what already waited for a commit when the session began, as text
        self.waited_before: list[str] = []
        #: the same, when the test ended; None if it has not
        self.waited_after: list[str] | None = None
        self._allowed = kinds_of("all" if not strict else allow, "JobSession(allow=)")
        #: whether the end of the test was checked already, or is not to be
        self.is_checked = False
        self._open = ExitStack()

        self.have_enqueued_job = HaveJob(self, "have_enqueued_job", ENQUEUED)
        self.have_performed_job = HaveJob(self, "have_performed_job", PERFORMED)
        self.have_retried_job = HaveJob(self, "have_retried_job", RETRIED)
        self.have_discarded_job = HaveJob(self, "have_discarded_job", DISCARDED)
        self.have_dead_job = HaveJob(self, "have_dead_job", DEAD)
        self.perform_enqueued_jobs = PerformEnqueuedJobs(self)
        self.simulate_retries = SimulateRetries(self)
        self.assert_enqueued_jobs = AssertCount(self, "assert_enqueued_jobs", PENDING, PUSHED)
        self.assert_no_enqueued_jobs = AssertCount(self, "assert_no_enqueued_jobs", PENDING, PUSHED, number=0)
        self.assert_performed_jobs = AssertCount(self, "assert_performed_jobs", PERFORMED, PERFORMED)
        self.assert_no_performed_jobs = AssertCount(self, "assert_no_performed_jobs", PERFORMED, PERFORMED, number=0)
        self.assert_enqueued_with = AssertWith(self, "assert_enqueued_with", PENDING, PUSHED)
        self.assert_performed_with = AssertWith(self, "assert_performed_with", PERFORMED, PERFORMED)

    @property
    def chances(self) -> list[HeldChance]:
        """Every source of chance that makes the jitter of a retry."""
        return self.engine.chances

    # What there is to see

    @property
    def enqueued(self) -> JobSequence:
        """Jobs that may run now."""
        return JobSequence(self.engine.enqueued)

    @property
    def scheduled(self) -> JobSequence:
        """Jobs that wait for their time, retries apart; earliest first."""
        return JobSequence(self.engine.scheduled)

    @property
    def retries(self) -> JobSequence:
        """Further attempts that wait for their time."""
        return JobSequence(self.engine.retries)

    @property
    def performed(self) -> JobSequence:
        """Every execution, in order, those of `perform_now` included."""
        return JobSequence(self.engine.deliveries)

    @property
    def dead(self) -> JobSequence:
        """The dead set; reading it says that the test expects what is in it."""
        dead = JobSequence(self.engine.dead)
        self.spoken_of.update(record.job_id for record in dead)
        return dead

    @property
    def history(self) -> tuple[Event, ...]:
        """Every event of the engine, in order."""
        return self.engine.history

    def events(self, *names: str, job: Any = None) -> tuple[Event, ...]:
        """The events of these names ("enqueue", "perform", "retry_stopped", ...), in order; without names all.

        Args:
            job: only what happened to this job: an id, a `JobRecord`, or what `perform_later` returned.
        """
        job_id = job if job is None or isinstance(job, str) else job.job_id
        return tuple(
            event
            for event in self.engine.history
            if (not names or event.name in names) and (job_id is None or event.job_id == job_id)
        )

    def enqueued_in_order(self, *wanted: Any) -> EnqueuedInOrder:
        """Whether these were enqueued in this order, with whatever between them: ``enqueued_in_order(ship, mail)``.

        Each is a job, or one with arguments (``ship.build(42)``). Asked by ``assert``, or about a block by ``with``.
        """
        return EnqueuedInOrder(self, wanted)

    @property
    def batches(self) -> tuple[Batch, ...]:
        """The batches that were filled, in order; ``jobs.batches[0].status`` says how far one has come."""
        return tuple(self.engine.batches)

    def jobs_of(self, batch: Batch) -> JobSequence:
        """The jobs that `batch` enqueued, in order: ``assert jobs.jobs_of(batch) == [ship.build(1), send_mail]``."""
        pushed = (push.record for push in self.engine.pushes if push.origin is Origin.ENQUEUED)
        return JobSequence(record for record in pushed if self.engine.batches.find(record.envelope) is batch)

    def lock_of(self, job: Job) -> LockState:
        """Who holds the `unique` lock of `job` (``SyncUser.build(1)`` will do), and for how long."""
        from pytest_jobkit.locking import lock_of

        return lock_of(self.engine, job)

    def next_fire_times(self, number: int = 5, entry: str | None = None) -> list[FireTime]:
        """The next times at which the session's schedule fires, or one entry of it.

        Raises:
            ConfigError: the session has no schedule.
        """
        return self._schedule("next_fire_times()", entry).next_fire_times(self.clock.now(), number)

    def assert_fires_at(self, moment: datetime, entry: str | None = None) -> FireTime:
        """Raise AssertionError, with the times around it, unless the schedule, or one entry of it, fires at `moment`.

        Raises:
            ConfigError: the session has no schedule, or `moment` is naive.
        """
        from pytest_jobkit.fire_times import assert_fires_at

        source = self._schedule("assert_fires_at()", entry)
        return assert_fires_at(source, "the schedule" if entry is None else f"schedule entry {entry!r}", moment)

    def _schedule(self, what: str, entry: str | None) -> Schedule | Entry:
        schedule = self.engine.schedule
        if schedule is None:
            raise ConfigError(f"{what}: no schedule; give one to JobSession(schedule=) or the jobkit marker")
        return schedule if entry is None else schedule[entry]

    def queue_waits(self) -> dict[str, QueueWait]:
        """How long the performed jobs waited in each queue and how many later ones overtook them: who starves."""
        from pytest_jobkit.queue_waits import queue_waits

        return queue_waits(self.engine.deliveries)

    # Parts of performing, and what comes after it

    def perform_one(self, job: Any = None) -> JobRecord:
        """Perform the first job that waits, and none that follows from it; the clock moves to its due time.

        Args:
            job: the first of this job (a class, a task, an actor, a name); or this very one: what `perform_later`
                returned, a `JobRecord`, a job id.

        Raises:
            AssertionError: no such job waits.
            ConfigError: it is an async job in an async test; says what to await instead.
        """
        return perform_one(self, job)

    def requeue(self, job: Any) -> JobRecord:
        """Put a dead job back into its queue, as one does by hand from the dead set.

        Args:
            job: what `perform_later` returned, a `JobRecord`, or a job id.

        Raises:
            JobkitError: it is not in the dead set.
        """
        return self.engine.requeue(job)

    def run_commit_hooks(self, using: str | None = None) -> int:
        """Run what waits for a commit that Django's `TestCase` never makes; returns how many hooks ran.

        Args:
            using: the alias of one database; None for all in use.
        """
        return run_commit_hooks(using)

    def statsd(
        self, prefix: str = "jobkit", events: Iterable[str] | None = None
    ) -> AbstractContextManager[StatsdServer]:
        """In the block, a StatsD server that keeps the metrics it is sent: ``with jobs.statsd() as statsd:``.

        Args:
            prefix: of jobkit's own metrics; events: the events that these are about, by name. None for all.
        """
        from pytest_jobkit.statsd import serving

        return serving(prefix, events)

    # What happens around a job

    def start_schedules(self) -> tuple[str, ...]:
        """Let the captured frameworks' own schedules (Celery beat, Huey's periodic tasks, cron jobs of arq and SAQ ...)
        enqueue their tasks from now on, as the clock passes their times; returns their entries, the next one first.

        A drain without `until` has no end to fire them for: travel, or give one.
        """
        from pytest_jobkit.framework_schedules import FrameworkSchedules

        schedules = FrameworkSchedules(self.captures, self.engine.clock.time())
        self.engine.timetables.append(schedules)
        return schedules.names

    def transaction(self) -> AbstractContextManager[SimulatedTransaction]:
        """A transaction without a database, committed at the end of the block, rolled back by an error in it."""
        return simulated_transaction()

    def interrupt(
        self,
        job: Any,
        *,
        during: str | None = None,
        cursor: Any = ANY_CURSOR,
        after: str | None = None,
        reason: str = "stopping",
    ) -> AbstractContextManager[None]:
        """In the block, interrupt `job` once, during a step (at `cursor`, if given) or after it, as a deploy would.

        Raises:
            AssertionError: at the end of the block, if the job never came to such a checkpoint.
        """
        return interrupted(self.engine, job, during, cursor, after, reason)

    # What a queue and its workers do to a job

    def redeliver(self, job: Any) -> JobRecord:
        """Enqueue the same message once more, as a queue that lost an acknowledgement does; returns the duplicate.

        Args:
            job: what `perform_later` returned, a `JobRecord`, or a job id.

        Raises:
            JobkitError: no such job was ever enqueued here.
        """
        return self.engine.redeliver(job)

    def lose_worker(self, job: Any) -> JobRecord:
        """Begin a job that waits and lose its worker; how it is acknowledged decides whether it comes back.

        Args:
            job: what `perform_later` returned, a `JobRecord`, or a job id.

        Raises:
            JobkitError: no such job waits.
        """
        return self.engine.lose_worker(job)

    # What the test has said

    def asked_about(self, expectation: Expectation, verdict: Verdict) -> None:
        """Note that the test asked about these jobs: of those that it found it knows how they ended."""
        if expectation.population in (DISCARDED, DEAD):
            self.spoken_of.update(seen.record.job_id for seen in verdict.matched)
        elif expectation.population in (ENQUEUED, PENDING, PUSHED):
            self.enqueue_questions.append(expectation.target)

    def raised(self, error: BaseException, first: int) -> None:
        """Note that the test got to see `error`, of a delivery from number `first` on: that job's end is known."""
        self.spoken_of.update(record.job_id for record in self.engine.deliveries[first:] if record.error is error)

    def timeline(self) -> list[Moment]:
        """The story of the test's jobs, in order."""
        return timeline(self.engine, self._began)

    def note_commit_hooks(self) -> None:
        """Note what waits for a commit; a Django `TestCase` calls this before it rolls back."""
        self.waited_after = waiting_on_commit()

    def silent_failure(self) -> str | None:
        """What went wrong with the jobs of which the test never spoke; None if nothing did, or if this was asked."""
        if self.is_checked:
            return None
        self.is_checked = True
        if self.waited_after is None:
            self.note_commit_hooks()
        return silent_failure(self, self._allowed)

    # From beginning to end

    def active(self) -> AbstractContextManager[None]:
        """Within the block jobs go to this session's engine; entering the session does the same until it is left."""
        return self.engine.active()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            opening.enter_context(self.engine.active())
            opening.enter_context(self.captures)
            opening.callback(self.clock.release)
            self.waited_before = waiting_on_commit()
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            text = self.silent_failure() if error is None else None
            if text is not None:
                raise SilentFailure(text)
        finally:
            self._open.close()

    def __repr__(self) -> str:
        engine = self.engine
        waiting = len(engine.pending)
        return f"<JobSession {waiting} waiting, {len(engine.deliveries)} performed, at {self.clock.now().isoformat()}>"


def _present() -> datetime:
    now = SystemClock().now()
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
