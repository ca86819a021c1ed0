"""The engine beside a small model of it, written without a look at its code: they never disagree."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from jobkit import Engine, Job, WorkerLost, discard_on, retry_on

RETRY_WAIT = 30.0
ATTEMPTS = 3


class Again(Exception):
    pass


class Enough(Exception):
    pass


#: what the bodies do: for each number of a job the plan, one letter a delivery, and the deliveries so far
plans: dict[int, str] = {}
deliveries: Counter[int] = Counter()


@retry_on(Again, wait=RETRY_WAIT, attempts=ATTEMPTS, jitter=0)
@discard_on(Enough)
class Planned(Job):
    def perform(self, number: int) -> None:
        letter = plans[number][deliveries[number] : deliveries[number] + 1]
        deliveries[number] += 1
        match letter:
            case "r":
                raise Again
            case "d":
                raise Enough
            case "x":
                raise ValueError
            case "l":
                raise WorkerLost


@dataclass
class Message:
    number: int
    priority: int
    due: float
    failures: int = 0


@dataclass
class Model:
    """A queue as one would explain it: what is due, most urgent first, and first come first."""

    now: float
    ready: list[Message] = field(default_factory=list)
    later: list[Message] = field(default_factory=list)
    log: list[tuple[int, str]] = field(default_factory=list)
    dead: list[Message] = field(default_factory=list)

    def push(self, message: Message) -> None:
        (self.later if message.due > self.now else self.ready).append(message)

    def move_to(self, instant: float) -> None:
        self.now = max(self.now, instant)
        for message in sorted(self.later, key=lambda message: message.due):
            if message.due <= self.now:
                self.later.remove(message)
                self.ready.append(message)

    def drain(self, until: float) -> None:
        while True:
            if self.ready:
                message = min(self.ready, key=lambda message: message.priority)
                self.ready.remove(message)
                self.deliver(message)
            elif self.later and min(message.due for message in self.later) <= until:
                self.move_to(min(message.due for message in self.later))
            else:
                return

    def deliver(self, message: Message) -> None:
        done = sum(number == message.number for number, _ in self.log)
        letter = plans[message.number][done : done + 1]
        end = {"r": "retried", "l": "lost", "d": "discarded", "x": "dead"}.get(letter, "succeeded")
        if end == "retried":
            failures = message.failures + 1
            if failures < ATTEMPTS:
                self.push(replace(message, due=self.now + RETRY_WAIT, failures=failures))
            else:
                end = "dead"
        if end == "lost":
            self.push(replace(message, due=self.now))
        if end == "dead":
            self.dead.append(message)
        self.log.append((message.number, end))

    def requeue(self, message: Message) -> None:
        self.dead.remove(message)
        self.push(replace(message, due=self.now))


class EngineAndModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        plans.clear()
        deliveries.clear()
        self.engine = Engine()
        self.model = Model(self.engine.clock.time())

    @rule(
        plan=st.text("rdxl", max_size=4),
        priority=st.integers(-1, 1),
        wait=st.sampled_from([0.0, 10.0, 30.0, 100.0]),
    )
    def enqueue(self, plan: str, priority: int, wait: float) -> None:
        number = len(plans)
        plans[number] = plan
        with self.engine.active():
            Planned.set(priority=priority, wait=wait).perform_later(number)
        self.model.push(Message(number, priority, self.model.now + wait))

    @rule(seconds=st.sampled_from([1.0, 10.0, 45.0]))
    def advance(self, seconds: float) -> None:
        self.engine.advance(seconds)
        self.model.move_to(self.model.now + seconds)

    @rule(seconds=st.sampled_from([0.0, 30.0, 1000.0]))
    def drain(self, seconds: float) -> None:
        self.engine.drain(until=timedelta(seconds=seconds), errors="capture")
        self.model.drain(self.model.now + seconds)

    @precondition(lambda self: self.model.ready)
    @rule(place=st.integers(0, 5))
    def deliver_out_of_order(self, place: int) -> None:
        message = self.model.ready[place % len(self.model.ready)]
        record = next(record for record in self.engine.enqueued if record.arguments == [message.number])
        self.engine.deliver(record)
        self.model.ready.remove(message)
        self.model.deliver(message)

    @precondition(lambda self: self.model.dead)
    @rule(place=st.integers(0, 5))
    def put_back_from_the_dead_set(self, place: int) -> None:
        place %= len(self.model.dead)
        self.engine.requeue(self.engine.dead[place])
        self.model.requeue(self.model.dead[place])

    @invariant()
    def they_agree(self) -> None:
        model, engine = self.model, self.engine
        assert engine.clock.time() == model.now
        assert [(record.arguments[0], record.state.value) for record in engine.performed] == model.log
        assert [record.arguments[0] for record in engine.enqueued] == [message.number for message in model.ready]
        waiting = sorted((record.envelope.due, record.arguments[0]) for record in engine.scheduled + engine.retries)
        assert waiting == sorted((message.due, message.number) for message in model.later)
        assert [record.arguments[0] for record in engine.dead] == [message.number for message in model.dead]


TestTheEngineAndTheModel = EngineAndModel.TestCase
TestTheEngineAndTheModel.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
