"""The drain: a loop with one explicit policy that performs jobs, in due order, until there is nothing left to do."""

from __future__ import annotations

from collections.abc import Awaitable, Generator, Iterable
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

from jobkit.clock import instant
from jobkit.current import activate, current_delivery
from jobkit.envelope import Delivery, Envelope, WorkerLost
from jobkit.errors import ConfigError, DrainLimitError
from jobkit.middleware import perform_through
from jobkit.outcome import Outcome, OutcomeKind
from jobkit.record import JobRecord, State, describe_call
from jobkit.selection import Selected, selector
from jobkit.settlement import settle
from jobkit.sync import drive

if TYPE_CHECKING:
    import asyncio

    from jobkit.engine import Engine


class DrainOptions(TypedDict, total=False):
    """The arguments of `Engine.drain`, which explains them."""

    until: timedelta | datetime | float | None
    queue: str | Iterable[str] | None
    only: Any
    except_: Any
    children: bool
    retries: bool
    limit: int | None
    errors: str


@dataclass(slots=True, frozen=True)
class DrainPolicy:
    """What a drain does: its options, checked."""

    until: float | None
    selected: Selected | None
    children: bool
    retries: bool
    limit: int | None
    raise_errors: bool

    @classmethod
    def of(cls, now: float, options: DrainOptions) -> DrainPolicy:
        """Check the arguments of a drain that begins at `now`.

        Raises:
            ConfigError: one of them is of no use, or two contradict each other.
        """
        errors, limit, until = options.get("errors", "raise"), options.get("limit", 10_000), options.get("until")
        if errors not in ("raise", "capture"):
            raise ConfigError(f'drain(errors={errors!r}): give "raise" or "capture"')
        if limit is not None and (isinstance(limit, bool) or limit < 1):
            raise ConfigError(f"drain(limit={limit!r}): give a number of jobs from 1, or None for no limit")
        end = None if until is None else instant(until, now, "drain(until=)")
        selected = selector(options.get("only"), options.get("except_"), options.get("queue"))
        children, retries = options.get("children", True), options.get("retries", True)
        return cls(end, selected, children, retries, limit, errors == "raise")

    def eligible(self, newest: int) -> Selected | None:
        """A test for what may run, where `newest` is the last message that was there before the drain; None: all."""
        selected, children, retries = self.selected, self.children, self.retries
        if selected is None and children and retries:
            return None

        def test(envelope: Envelope) -> bool:
            if envelope.sequence > newest and not (retries if envelope.retry else children):
                return False
            return selected is None or selected(envelope)

        return test


@dataclass(slots=True)
class DrainResult:
    """The tally of a drain: how many deliveries took place, and how they ended.

    Attributes:
        performed: all deliveries; the next ones are parts of it.
        succeeded, retried, discarded, dead, halted, rescued, interrupted, dropped, lost: by outcome.
        remaining: jobs that are still pending, those outside the policy included.
        records: one record a delivery, in order; errors: the errors that no handler took.
    """

    performed: int = 0
    succeeded: int = 0
    retried: int = 0
    discarded: int = 0
    dead: int = 0
    halted: int = 0
    rescued: int = 0
    interrupted: int = 0
    dropped: int = 0
    lost: int = 0
    remaining: int = 0
    records: list[JobRecord] = field(default_factory=list, repr=False)
    errors: list[BaseException] = field(default_factory=list, repr=False)

    def add(self, record: JobRecord) -> None:
        """Count one delivery."""
        self.performed += 1
        self.records.append(record)
        if record.state is State.SUCCEEDED:
            self.succeeded += 1
        else:
            name = record.state.value
            setattr(self, name, getattr(self, name) + 1)


T = TypeVar("T")
Steps = Generator[Awaitable[Outcome], Outcome, T]


def drain_steps(engine: Engine, policy: DrainPolicy) -> Steps[DrainResult]:
    """The drain as steps: yields what has to be awaited, takes its outcome, returns the tally."""
    result = DrainResult()
    eligible = policy.eligible(engine.sequence)
    limit = policy.limit
    with activate(engine), engine.pending.set_aside() as aside:
        while True:
            envelope = engine.next_ready(eligible, aside)
            if envelope is None:
                due = engine.next_event(eligible, aside, policy.until)
                if due is None:
                    break
                engine.move_to(due)
                continue
            if limit is not None and result.performed >= limit:
                engine.pending.return_to_front(envelope)
                raise DrainLimitError(_limit_message(engine, envelope, limit))
            record, unhandled = yield from delivery_steps(engine, envelope)
            result.add(record)
            if unhandled and record.error is not None:
                result.errors.append(record.error)
                if policy.raise_errors:
                    raise record.error
    result.remaining = len(engine.pending)
    return result


def delivery_steps(engine: Engine, envelope: Envelope, acknowledged: bool = True) -> Steps[tuple[JobRecord, bool]]:
    """One delivery of an envelope that has left its queue, from its beginning to what follows from its end."""
    delivery = engine.begin(envelope)
    token = current_delivery.set(delivery)
    try:
        performed = _performed(engine, delivery)
        outcome = performed if type(performed) is Outcome else (yield performed)  # type: ignore[misc]  # awaitable
    except WorkerLost:
        outcome = envelope.performer.lose(delivery)
    except SystemExit as error:
        # A body that calls sys.exit() is a job that failed (as in Sidekiq); it must not take the worker along.
        outcome = Outcome(OutcomeKind.FAILED, error=error, reason="the body called sys.exit()")
    except BaseException:
        # Not the job's error but an end from outside (Ctrl-C, no event loop to be had): it was not delivered.
        engine.take_back(delivery)
        raise
    finally:
        current_delivery.reset(token)
    return settle(engine, delivery, outcome, acknowledged)


def _performed(engine: Engine, delivery: Delivery) -> Outcome | Awaitable[Outcome]:
    if not engine.server_middleware:
        return delivery.envelope.performer.perform(delivery)
    running = perform_through(engine.server_middleware, delivery)
    return running if delivery.envelope.performer.is_async(delivery.envelope) else drive(running)


def _limit_message(engine: Engine, envelope: Envelope, limit: int) -> str:
    chain = " -> ".join((*envelope.causes, envelope.name))
    return (
        f"the drain performed {limit} jobs and did not come to an end. Next would be {describe_call(envelope)}, "
        f"enqueued by: {chain}. {len(engine.pending)} jobs are pending. If this many are meant, give limit=N or "
        "limit=None; to leave out what jobs enqueue, children=False; to stop at a time, until="
    )


class Stepper:
    """Runs steps on this thread; the async jobs among them share one event loop, made when the first one comes."""

    def __init__(self) -> None:
        self._runner: asyncio.Runner | None = None

    def run(self, steps: Steps[T]) -> T:
        """Run the steps to their end and return what they return.

        Raises:
            ConfigError: an event loop is running here already; the async form is the one to use.
        """
        try:
            waiting = next(steps)
            while True:
                try:
                    if self._runner is None:
                        self._runner = _new_runner(waiting)
                    # A runner keeps the context of its first run; the delivery of this one has to be seen instead.
                    outcome = self._runner.run(_outcome_of(waiting), context=copy_context())
                except BaseException as error:
                    waiting = steps.throw(error)
                else:
                    waiting = steps.send(outcome)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # StopIteration.value is untyped

    def close(self) -> None:
        """Close the event loop, if one was made."""
        if self._runner is not None:
            self._runner.close()


def run_steps(steps: Steps[T]) -> T:
    """Run the steps on this thread, as `Stepper.run`."""
    stepper = Stepper()
    try:
        return stepper.run(steps)
    finally:
        stepper.close()


def _new_runner(waiting: Awaitable[Outcome]) -> asyncio.Runner:
    import asyncio  # a third of the time that importing jobkit may take, and only async jobs need it

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.Runner()
    close = getattr(waiting, "close", None)
    if close is not None:
        close()
    raise ConfigError(
        "an async job is to be performed, but an event loop is running here: "
        "use the async form, 'await engine.adrain(...)'"
    )


async def await_steps(steps: Steps[T]) -> T:
    """Run the steps on the running event loop."""
    try:
        waiting = next(steps)
        while True:
            try:
                outcome = await waiting
            except BaseException as error:
                waiting = steps.throw(error)
            else:
                waiting = steps.send(outcome)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # StopIteration.value is untyped


async def _outcome_of(waiting: Awaitable[Outcome]) -> Outcome:
    return await waiting


def perform_inline(engine: Engine, envelope: Envelope, raise_errors: bool) -> JobRecord:
    """Perform a message inside the call that enqueues it, whatever its due time."""

    with activate(engine):
        record, unhandled = run_steps(delivery_steps(engine, envelope))
    if unhandled and raise_errors and record.error is not None:
        raise record.error
    return record
