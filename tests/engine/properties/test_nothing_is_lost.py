"""Whatever happens to jobs, none is lost and none is invented, and a seed repeats all of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from jobkit import (
    Engine,
    Job,
    QueueConfig,
    WorkerLost,
    current_job,
    discard_on,
    limits_concurrency,
    retry_on,
    unique,
)
from jobkit.fetch_order import QueueEntry

ENDS = {"succeeded", "discarded", "halted", "rescued", "dropped"}


class Again(Exception):
    pass


class Enough(Exception):
    pass


@retry_on(Again, wait=30, attempts=3)
@discard_on(Enough)
class Scripted(Job):
    """Does at each execution what its script says for that one; a script that is over succeeds."""

    def perform(self, number: int, script: str) -> None:
        match script[self.executions - 1 : self.executions]:
            case "r":
                raise Again
            case "d":
                raise Enough
            case "x":
                raise ValueError
            case "q":
                raise SystemExit
            case "l" if current_job()._delivery.number < 5:
                raise WorkerLost
            case "c":
                Scripted.perform_later(-1, "")
            case "n":
                self.retry_job(wait=10)


@unique(lock="until_executed", key=lambda number, script: number % 3)
class Unique(Scripted):
    pass


@unique(lock="while_executing", key=lambda number, script: number % 2, on_conflict="reject")
class Alone(Scripted):
    pass


@unique(lock="until_and_while_executing", key=lambda number, script: number % 2, on_conflict="replace")
class Newest(Scripted):
    pass


@unique(lock="until_executing", key=lambda number, script: number % 2, on_conflict="reschedule", ttl=40)
class Later(Scripted):
    pass


@limits_concurrency(to=2, key=lambda number, script: number % 2, duration=20)
class Limited(Scripted):
    pass


@limits_concurrency(to=1, on_conflict="discard")
class Single(Scripted):
    pass


class Persistent(Scripted):
    retry = 2


class Forgotten(Scripted):
    retry = False


KINDS = (Scripted, Unique, Alone, Newest, Later, Limited, Single, Persistent, Forgotten)


@dataclass(frozen=True)
class Enqueue:
    kind: type[Scripted]
    script: str
    wait: float | None
    queue: str
    priority: int | None


@dataclass(frozen=True)
class Operation:
    """What is done to the job that stands at `place` in the list of pending, performed or dead jobs."""

    name: str
    place: int = 0


def scripts(letters: str) -> st.SearchStrategy[str]:
    return st.text(letters, max_size=5)


def enqueues(kinds: Any = KINDS, letters: str = "rdxqlcn ") -> st.SearchStrategy[Enqueue]:
    return st.builds(
        Enqueue,
        st.sampled_from(kinds),
        scripts(letters),
        st.none() | st.sampled_from([0, 10, 30, 100]),
        st.sampled_from(["a", "b"]),
        st.none() | st.integers(-1, 1),
    )


gentle = st.sampled_from(["advance", "drain", "drain a while", "drain no retries", "lose"]).map(Operation)
rough = st.builds(Operation, st.sampled_from(["redeliver", "unacked", "requeue"]), st.integers(0, 5))
configs = st.sampled_from(
    [
        {},
        {"visibility_timeout": 15},
        {"config": QueueConfig(queues=(QueueEntry("a", 2), QueueEntry("b", 1)), max_retries=2)},
    ]
)


def carry_out(engine: Engine, operations: list[Enqueue | Operation]) -> dict[str, bool]:
    """Do all of this on the engine; returns for each enqueued job whether the queue took it."""
    taken: dict[str, bool] = {}
    with engine.active():
        for number, operation in enumerate(operations):
            if isinstance(operation, Enqueue):
                job = operation.kind.set(
                    wait=operation.wait, queue=operation.queue, priority=operation.priority
                ).perform_later(number, operation.script)
                taken[job.job_id] = bool(job)
            else:
                do(engine, operation)
    return taken


def do(engine: Engine, operation: Operation) -> None:
    match operation.name:
        case "advance":
            engine.advance(seconds=12)
        case "drain":
            engine.drain(errors="capture")
        case "drain a while":
            engine.drain(until=timedelta(seconds=25), errors="capture")
        case "drain no retries":
            engine.drain(retries=False, children=False, errors="capture")
        case "lose":
            if waiting := engine.enqueued:
                engine.lose_worker(waiting[0])
        case "redeliver":
            if seen := engine.performed:
                engine.redeliver(seen[operation.place % len(seen)])
        case "unacked":
            if waiting := engine.enqueued:
                engine.deliver(waiting[operation.place % len(waiting)], ack=False)
        case "requeue":
            if dead := engine.dead:
                engine.requeue(dead[operation.place % len(dead)])


@given(configs, st.lists(enqueues() | gentle, max_size=12))
def test_each_job_is_in_exactly_one_place(config: dict[str, Any], operations: list[Enqueue | Operation]) -> None:
    engine = Engine(**config)

    taken = carry_out(engine, operations)

    known = {event.job_id for event in engine.history if event.job_id}
    last = {record.job_id: record for record in engine.performed}
    flying = {delivery.envelope.job_id for delivery in engine.in_flight.values()}
    waiting = Counter(envelope.job_id for envelope in engine.pending) + Counter(flying)
    dead = Counter(record.job_id for record in engine.dead)
    dropped = {event.job_id for event in engine.history if event.name == "dropped"}
    for job_id in known:
        ended = job_id in dropped or (job_id in last and last[job_id].state in ENDS)
        places = waiting[job_id] + dead[job_id] + (ended and not waiting[job_id] and not dead[job_id])
        refused = taken.get(job_id) is False and not dead[job_id] and job_id not in last
        assert places + refused == 1, (job_id, waiting[job_id], dead[job_id], ended, refused)
    assert set(taken) <= known
    assert {*waiting, *dead, *last} <= known


@given(configs, st.lists(enqueues() | gentle | rough, max_size=12))
def test_each_message_is_delivered_waits_or_was_dropped(
    config: dict[str, Any], operations: list[Enqueue | Operation]
) -> None:
    engine = Engine(**config)

    carry_out(engine, operations)

    delivered = Counter(record.envelope.sequence for record in engine.performed)
    waiting = Counter(envelope.sequence for envelope in engine.pending)
    dropped = Counter(
        event.job.envelope.sequence
        for event in engine.history
        if event.name == "dropped" and event.job.envelope.sequence not in delivered
    )
    everywhere = delivered + waiting + dropped
    assert everywhere == Counter(range(1, engine.sequence + 1))


@given(st.integers(), configs, st.lists(enqueues() | gentle | rough, max_size=12))
def test_the_same_seed_gives_the_same_history(
    seed: int, config: dict[str, Any], operations: list[Enqueue | Operation]
) -> None:
    def story() -> list[tuple[str, str | None, float]]:
        engine = Engine(seed=seed, **config)
        carry_out(engine, operations)
        return [(event.name, event.job_id, event.time) for event in engine.history]

    assert story() == story()


@given(configs, st.lists(enqueues() | gentle, max_size=12))
def test_a_drain_to_the_end_leaves_nothing_waiting_and_no_lock_of_a_finished_job(
    config: dict[str, Any], operations: list[Enqueue | Operation]
) -> None:
    engine = Engine(**config)
    carry_out(engine, operations)

    engine.drain(errors="capture")

    assert len(engine.pending) == 0
    assert engine.in_flight == {}
    assert [lock.key for lock in engine.locks] == []
