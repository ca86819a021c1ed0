"""`Engine`: the reference in-memory queue, which holds messages, hands them out on a clock, and remembers all of it.

This is the delivery layer, a broker and its workers. It knows nothing of how a job is written: see `envelope`.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Unpack

from jobkit import at_least_once, events
from jobkit import drain as draining
from jobkit.batches import Batches
from jobkit.clock import Clock, VirtualClock, seconds
from jobkit.current import activate, current_delivery
from jobkit.envelope import Delivery, Envelope
from jobkit.errors import ConfigError
from jobkit.fetch_order import FetchPlan
from jobkit.ids import EngineIds
from jobkit.journal import Journal
from jobkit.middleware import ClientMiddleware, ServerMiddleware, push_each, push_through
from jobkit.outcome import Outcome, OutcomeKind
from jobkit.pending import Aside, PendingMessages
from jobkit.record import JobRecord, State
from jobkit.selection import Selected
from jobkit.settlement import hand_out_again
from jobkit.stores.dead import DeadSet
from jobkit.stores.locks import Locks
from jobkit.timetables import Timetables

if TYPE_CHECKING:
    from jobkit.queue_config import QueueConfig
    from jobkit.recurring import Schedule
    from jobkit.worker import WorkerPool


class Engine(Journal):
    """An in-memory queue with workers, on a clock.

    Args:
        clock: a `VirtualClock` (the default) or a `SystemClock`.
        seed: of every chance in the engine: ids, jitter, queue order. The same seed gives the same run; None gives
            another run each time.
        config: queues with weights, retries and the dead set's caps. Without one all queues are equal and an error
            that no handler took goes to the dead set at once.
        schedule: recurring jobs, enqueued as the clock passes their times.
        visibility_timeout: seconds (or a timedelta) after which a message whose worker was lost comes back; None:
            as the message's framework says (Redis under Celery: an hour), else at once.
    """

    name = "engine"

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        seed: int | None = 0,
        config: QueueConfig | None = None,
        schedule: Schedule | None = None,
        visibility_timeout: float | timedelta | None = None,
    ) -> None:
        dead_set = DeadSet() if config is None else DeadSet(config.dead_max_jobs, config.dead_timeout_in_seconds)
        super().__init__(VirtualClock() if clock is None else clock, dead_set)
        self.config = config
        self.schedule = schedule
        #: asked as the clock moves; the schedule is one of them
        self.timetables = Timetables()
        if schedule is not None:
            from jobkit.scheduler import Scheduler  # cron arithmetic is loaded only for engines with a schedule

            self.timetables.append(Scheduler(schedule, self.clock.time()))
        self.max_retries = 0 if config is None else config.max_retries
        self.visibility_timeout = None if visibility_timeout is None else seconds(visibility_timeout)
        self.seed = seed
        self.ids = EngineIds(self.chance("ids"))
        self.jitter = self.chance("jitter")
        self.spread = self.chance("spread")
        plan = None if config is None else FetchPlan(config.queues)
        #: everything that is enqueued and not handed out
        self.pending = PendingMessages(plan, self.chance("fetch"), self._drop)
        self.batches = Batches()
        #: who holds which unique lock
        self.locks = Locks(self.clock.time)
        #: the number of the newest message
        self.sequence = 0
        #: asked with the job at each checkpoint of a continuation; a true answer, True or a reason, interrupts it
        self.stop_when: list[Callable[[Any], object]] = []
        #: around each push: called with (envelope, proceed), as Sidekiq's client middleware; the first is outermost
        self.client_middleware: list[ClientMiddleware] = []
        #: around each delivery: generator functions of it, ``outcome = yield``, as Sidekiq's server middleware
        self.server_middleware: list[ServerMiddleware] = []
        #: deliveries that are not acknowledged, by the sequence of their message; threads write without the lock, so
        #: take a list of it to walk over it
        self.in_flight: dict[int, Delivery] = {}
        self._inline: list[tuple[Selected | None, bool]] = []
        #: notified when there may be something new to do
        self.changed = threading.Condition(self._lock)
        self._pool: WorkerPool | None = None

    def chance(self, purpose: str) -> random.Random:
        """A source of chance of its own for `purpose`, from the engine's seed."""
        return random.Random() if self.seed is None else random.Random(f"{self.seed}:{purpose}")

    # Enqueueing

    def active(self) -> AbstractContextManager[None]:
        """Within the block, jobs enqueued by this thread and those it starts go to this engine."""
        return activate(self)

    def push(self, envelope: Envelope) -> None:
        """Take a message, due now or later, through the client middleware.

        Raises:
            EnqueueError: a client middleware did not proceed.
        """
        if self.client_middleware:
            push_through(self.client_middleware, envelope, self.put)
        else:
            self.put(envelope)

    def put(self, envelope: Envelope) -> None:
        """Take a message without asking the client middleware, as one that comes back from a delivery."""
        if self.batches and self.batches.hold(self, envelope):
            return
        with self._lock:
            self.sequence += 1
            envelope.sequence = self.sequence
            now = envelope.enqueued_at = self.clock.time()
            causing = current_delivery.get()
            if causing is not None:
                cause = causing.envelope
                envelope.causes = cause.causes if envelope.retry else (*cause.causes[-7:], cause.name)
                if self.batches and envelope.retry and cause.headers and "batch" in cause.headers:
                    envelope.headers = {**(envelope.headers or {}), "batch": cause.headers["batch"]}
            if not self._inline:
                self.pending.place(envelope, now)
                if self._pool is not None:
                    self.changed.notify()
                return
        self._push_inline(envelope, now)

    def push_all(self, envelopes: Sequence[Envelope]) -> None:
        """Take many messages, in their order.

        Raises:
            EnqueueError: a client middleware did not proceed with some of them; the others were taken.
        """
        push_each(envelopes, self.push)

    def _push_inline(self, envelope: Envelope, now: float) -> None:
        selected, raise_errors = self._inline[-1]
        if selected is None or selected(envelope):
            draining.perform_inline(self, envelope, raise_errors)
        else:
            self.pending.place(envelope, now)

    @contextmanager
    def performing_inline(self, selected: Selected | None = None, errors: str = "raise") -> Iterator[None]:
        """Within the block each job runs inside its own `perform_later`, depth first, whatever its due time."""
        self._inline.append((selected, errors == "raise"))
        try:
            yield
        finally:
            self._inline.pop()

    # Handing out

    def next_ready(self, eligible: Selected | None, aside: Aside) -> Envelope | None:
        """Take the message that a worker would fetch now; those that are not eligible are laid aside."""
        with self._lock:
            return self.pending.next_ready(self.clock.time(), eligible, aside)

    def next_event(self, eligible: Selected | None, aside: Aside, until: float | None) -> float | None:
        """When something eligible happens next, up to `until`: a due time, or the end of a visibility timeout."""
        due = self.pending.next_due(eligible, aside)
        if not self.in_flight and not self.timetables:
            return due if due is None or until is None or due <= until else None
        times = [] if due is None else [due]
        times += [
            delivery.expires_at
            for delivery in list(self.in_flight.values())
            if delivery.expires_at is not None and (eligible is None or eligible(delivery.envelope))
        ]
        if until is not None and (fires := self.timetables.next_due) is not None:
            # Without an end a recurring schedule would keep a drain busy for ever.
            times.append(fires)
        return min((time for time in times if until is None or time <= until), default=None)

    def next_wakeup(self) -> float | None:
        """When a worker that found nothing should look again."""
        with self.pending.set_aside() as aside:
            return self.next_event(None, aside, until=float("inf"))

    def begin(self, envelope: Envelope) -> Delivery:
        """Count a delivery of `envelope` and give it its visibility timeout."""
        envelope.attempt += 1
        now = self.clock.time()
        timeout = self.visibility_timeout
        if timeout is None:
            timeout = envelope.performer.visibility_timeout(envelope)
        delivery = Delivery(envelope, envelope.attempt, now, None if timeout is None else now + timeout)
        self.in_flight[envelope.sequence] = delivery
        return delivery

    def take_back(self, delivery: Delivery) -> None:
        """Undo `begin`: the message stands at the front of its queue again, as if it had not been handed out."""
        with self._lock:
            self.in_flight.pop(delivery.envelope.sequence, None)
            delivery.envelope.attempt -= 1
            self.pending.return_to_front(delivery.envelope)

    def end(self, delivery: Delivery) -> None:
        """The delivery is over: it is no longer in flight, and its place under a concurrency limit is free."""
        envelope = delivery.envelope
        self.in_flight.pop(envelope.sequence, None)
        if envelope.headers:
            with self._lock:
                self.pending.finished(envelope, self.clock.time())

    # Time

    def advance(self, delta: timedelta | float | None = None, **parts: float) -> None:
        """Move the clock by a timedelta, seconds, or parts (``hours=1``); what falls due is queued, nothing runs."""
        self.move_to(self.clock.time() + seconds(delta, **parts))

    def move_to(self, instant: float) -> None:
        """Move the clock to `instant` (epoch seconds), enqueueing what falls due on the way."""
        while (fires := self.timetables.next_due) is not None and fires <= instant:
            self.clock.move_to(fires)
            self.arrive()
        self.clock.move_to(instant)
        self.arrive()

    def arrive(self) -> None:
        """Queue what is due at the clock's present time: schedule entries, scheduled jobs, expired deliveries."""
        now = self.clock.time()
        with self._lock:
            self.timetables.fire(self)
            self.pending.promote(now)
            for delivery in list(self.in_flight.values()):
                if delivery.expires_at is None or delivery.expires_at > now:
                    continue
                self.in_flight.pop(delivery.envelope.sequence, None)
                hand_out_again(self, delivery.envelope, "its visibility timeout is over")

    # Draining

    def drain(
        self,
        *,
        until: timedelta | datetime | float | None = None,
        queue: str | Iterable[str] | None = None,
        only: Any = None,
        except_: Any = None,
        children: bool = True,
        retries: bool = True,
        limit: int | None = 10_000,
        errors: str = "raise",
    ) -> draining.DrainResult:
        """Perform jobs until none is left to perform, moving the clock to each one's due time.

        Args:
            until: perform only what is due by then: a timedelta or seconds from now, or an aware datetime. The clock
                moves to due times, not to `until` itself.
            queue, only, except_: which jobs, as in `jobkit.selection.selector`.
            children: whether jobs that are enqueued meanwhile are performed too, retries: whether retries are.
            limit: the most deliveries; None for no limit.
            errors: "raise" raises the first error that no handler took care of, with the rest still queued;
                "capture" goes on and leaves the errors in the result.

        Raises:
            DrainLimitError: the limit was reached, most often by a job that enqueues itself; names the causes.
            ConfigError: an argument is of no use; or an async job is due inside a running event loop (use `adrain`).
        """
        options: draining.DrainOptions = {
            "until": until, "queue": queue, "only": only, "except_": except_,
            "children": children, "retries": retries, "limit": limit, "errors": errors,
        }  # fmt: skip
        return draining.run_steps(draining.drain_steps(self, draining.DrainPolicy.of(self.clock.time(), options)))

    async def adrain(self, **policy: Unpack[draining.DrainOptions]) -> draining.DrainResult:
        """`drain` on the running event loop, with the same arguments."""
        return await draining.await_steps(
            draining.drain_steps(self, draining.DrainPolicy.of(self.clock.time(), policy))
        )

    # Working off in this process

    def run(self, concurrency: int | None = None, queues: Iterable[str] | None = None) -> None:
        """Work jobs off on threads of this process, until `stop`, SIGTERM or SIGINT; the embedded worker.

        Args:
            concurrency: jobs at once; by default the configuration's, else 5 as in Sidekiq.
            queues: names of the queues served, None for all.

        Raises:
            ConfigError: the clock is virtual (use `drain`), or the pool is running already.
        """
        from jobkit.worker import WorkerPool

        if self._pool is not None:
            raise ConfigError("this engine is running already; stop() it first")
        if concurrency is None:
            concurrency = 5 if self.config is None else self.config.concurrency
        self._pool = WorkerPool(self, concurrency, queues, 25.0 if self.config is None else self.config.timeout)
        try:
            self._pool.run()
        finally:
            self._pool = None

    def stop(self) -> None:
        """End `run`: running jobs may finish within the configuration's timeout, the others stay in their queues."""
        if self._pool is not None:
            self._pool.stop()

    # What an at-least-once queue does

    def deliver(self, job: Any, *, ack: bool = True) -> JobRecord:
        """Perform the pending message of `job` (a job, a record or an id) now, whatever stands before it.

        With ``ack=False`` the acknowledgement is lost: the message comes back after its visibility timeout, at once
        where there is none.

        Raises:
            JobkitError: nothing of that job is pending.
        """
        return at_least_once.deliver(self, job, ack)

    def redeliver(self, job: Any) -> JobRecord:
        """Enqueue the same bytes once more, as a queue delivers a duplicate; returns the duplicate.

        Raises:
            JobkitError: the engine has never seen the job.
        """
        return at_least_once.redeliver(self, job)

    def lose_worker(self, job: Any) -> JobRecord:
        """Begin the pending message of `job` and lose the worker: its ack mode decides what comes of it.

        Raises:
            JobkitError: nothing of that job is pending.
        """
        return at_least_once.lose_worker(self, job)

    def requeue(self, job: Any) -> JobRecord:
        """Put a dead job back into its queue, for one more execution, as Sidekiq's dead set does.

        Raises:
            JobkitError: it is not in the dead set.
        """
        return at_least_once.requeue(self, job)

    # Locks and limits

    def refuse(self, envelope: Envelope, reason: str, error: BaseException | None = None) -> None:
        """Put a message that a lock kept out, or that cannot be delivered, into the dead set."""
        outcome = Outcome(OutcomeKind.DROPPED, error=error, reason=reason)
        now = self.clock.time()
        envelope.enqueued_at = envelope.enqueued_at or now
        self.bury(JobRecord(envelope, State.DEAD, envelope.attempt, outcome, None, now), error)

    def discard_locked(self, key: str) -> bool:
        """Take the waiting message that holds the lock `key` out of its queue; whether there was one."""
        with self._lock:
            wanted = self.pending.remove(lambda message: bool(message.headers and message.headers.get("lock") == key))
        for envelope in wanted:
            self._drop(envelope, "a newer equal job took its place")
        return bool(wanted)

    def _drop(self, envelope: Envelope, reason: str) -> None:
        record = JobRecord(envelope, State.DROPPED, envelope.attempt)
        self.emit(events.Dropped(record, self.clock.time(), None, reason))

    def is_limit_reached(self, key: str, limit: int) -> bool:
        """Whether `limit` jobs under the concurrency key are dispatched already."""
        return self.pending.slots.is_full(key, limit, self.clock.time())

    def reap_locks(self, grace: float = 20.0) -> list[str]:
        """Free the locks of jobs that neither wait nor run and took them more than `grace` seconds ago.

        As sidekiq-unique-jobs' reaper, which does so every ten minutes: how the lock of a killed worker ends.
        Returns the keys.
        """
        running = {delivery.envelope.job_id for delivery in list(self.in_flight.values())}
        alive = {envelope.job_id for envelope in self.pending} | running
        return self.locks.reap(alive.__contains__, grace)

    def stopping(self, job: object) -> object:
        """Whether a continuation should stop at its next checkpoint: while the worker stops, or as `stop_when` says."""
        for question in self.stop_when:
            reason = question(job)
            if reason:
                return reason
        return self._pool is not None and self._pool.is_stopping
