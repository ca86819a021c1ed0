"""Many jobs at once: a hypothesis state machine over enqueueing, deliveries, faults, duplicates and time."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from pytest_jobkit.retry_safety.check import on_stage, performance_on
from pytest_jobkit.retry_safety.delivering.calls import Call
from pytest_jobkit.retry_safety.delivering.function import Performance
from pytest_jobkit.retry_safety.exploring.faults import Fault, Schedule
from pytest_jobkit.retry_safety.exploring.scene import Delivered
from pytest_jobkit.retry_safety.face import make_setup
from pytest_jobkit.retry_safety.judging.findings import Finding, judge
from pytest_jobkit.retry_safety.judging.observation import Final, observe
from pytest_jobkit.retry_safety.reporting.headline import headline
from pytest_jobkit.retry_safety.strategies import fault_schedules, job_arguments

#: every serial order of the messages is tried as an explanation, so there are few of them
MOST_MESSAGES = 5


@dataclass(slots=True, eq=False, repr=False)
class Message:
    """One message of a run.

    Attributes:
        call: the job with its arguments.
        performance: runs it.
        deliveries: how many there were.
        started: the step of its first delivery.
        acknowledged: the step at which the queue was first done with it.
        is_waiting: whether the queue still has it.
        last: its last delivery.
    """

    call: Call
    performance: Performance
    deliveries: int = 0
    started: int | None = None
    acknowledged: int | None = None
    is_waiting: bool = True
    last: Delivered | None = None

    def __repr__(self) -> str:
        return f"{self.call!r} after {self.deliveries} deliveries"


class RetrySafetyMachine(RuleBasedStateMachine):
    """Enqueues, delivers, breaks, delivers again and lets time pass, in every mix that hypothesis comes up with::

        class Orders(RetrySafetyMachine):
            world = shop
            jobs = [ChargeOrder, CancelOrder]
            faults = "kill after noack late"

            @invariant()
            def never_paid_and_cancelled(self):
                assert not self.world.db.exists("orders", paid=True, cancelled=True)

        TestOrders = Orders.TestCase

    At the end every message is delivered until it is done. The run passes if some serial order of the messages, each
    delivered once and undisturbed, ends in the same state and the same ledger; an order in which A comes after B is no
    explanation if A was acknowledged before B first started.

    Attributes:
        world: on the class the factory; in rules and invariants the world itself.
        jobs: jobs whose annotations say what arguments they take, `Call`s, or strategies of `Call`s such as
            `job_arguments` makes.
        faults: the kinds, as `retry_safe` takes them.
        settings: further settings of `retry_safe`: ``{"channels": {"mail": at_least_once}}``.
    """

    world: Any = None
    jobs: ClassVar[Sequence[Any]] = ()
    faults: ClassVar[str | Iterable[str]] = "noack kill before after"
    settings: ClassVar[dict[str, Any]] = {}

    def __init__(self) -> None:
        super().__init__()
        cls = type(self)
        if cls.world is None or not cls.jobs:
            raise TypeError(f"{cls.__name__} needs a class attribute `world` (a factory) and `jobs` (at least one)")
        self._calls = st.one_of([_calls(job) for job in cls.jobs])
        self._faults = fault_schedules(cls.faults, most=1).filter(bool)
        self._messages: list[Message] = []
        self._steps = 0
        self._stack = ExitStack()
        setup = make_setup(_nothing, (), world=cls.world, **cls.settings)
        self._scene = self._stack.enter_context(on_stage(setup))
        self._scene.open()
        self.world = self._scene.world.thing

    def _of(self, data: st.DataObject, messages: list[Message]) -> Message:
        return data.draw(st.sampled_from(messages), label="message")

    @precondition(lambda self: len(self._messages) < MOST_MESSAGES)
    @rule(data=st.data())
    def enqueue(self, data: st.DataObject) -> None:
        """A new message."""
        call = data.draw(self._calls, label="enqueued")
        self._messages.append(Message(call, performance_on(self._scene, call)))

    @precondition(lambda self: any(message.is_waiting for message in self._messages))
    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        """A message that waits is delivered undisturbed."""
        self._deliver(self._of(data, [message for message in self._messages if message.is_waiting]))

    @precondition(lambda self: any(message.is_waiting for message in self._messages))
    @rule(data=st.data())
    def deliver_with_a_fault(self, data: st.DataObject) -> None:
        """A message that waits is delivered, and breaks."""
        message = self._of(data, [message for message in self._messages if message.is_waiting])
        faults: Schedule = data.draw(self._faults, label="fault")
        self._deliver(message, faults)

    @precondition(lambda self: any(message.acknowledged is not None for message in self._messages))
    @rule(data=st.data())
    def deliver_an_acknowledged_message_again(self, data: st.DataObject) -> None:
        """A duplicate."""
        self._deliver(self._of(data, [message for message in self._messages if message.acknowledged is not None]))

    @precondition(lambda self: bool(self._messages))
    @rule(seconds=st.sampled_from([60, 3_600, 25 * 3_600]))
    def advance_the_clock(self, seconds: int) -> None:
        """Time passes."""
        self._scene.advance(seconds)

    @precondition(lambda self: bool(self._messages))
    @rule()
    def restart(self) -> None:
        """The worker starts anew and knows nothing."""
        self._scene.memory.reset()

    def _deliver(self, message: Message, faults: Schedule = ()) -> None:
        self._steps += 1
        message.deliveries += 1
        if message.started is None:
            message.started = self._steps
        planned: tuple[Fault, ...] = tuple(fault._replace(delivery=message.deliveries) for fault in faults)
        message.last = self._scene.deliver(message.deliveries, planned, message.performance)
        message.is_waiting = not message.last.acknowledged
        if message.last.acknowledged and message.acknowledged is None:
            message.acknowledged = self._steps

    def teardown(self) -> None:
        """Deliver what waits, then look for a serial order that explains the end."""
        try:
            if sys.exc_info()[0] is None and self._messages:
                self._drain()
                self._explain()
        finally:
            self._stack.close()

    def _drain(self) -> None:
        for message in self._messages:
            for _attempt in range(self._scene.setup.patience):
                if not message.is_waiting:
                    break
                self._deliver(message)

    def _explain(self) -> None:
        messages = self._messages
        for message in messages:
            if message.is_waiting and message.last is not None:
                error = message.last.outcome.error
                raise AssertionError(f"{message.call!r} never finishes: {type(error).__name__}: {error}")
        assert messages[-1].last is not None
        end = observe(self._scene, messages[-1].last)
        if end.broken is not None:
            raise end.broken
        nearest: tuple[list[Finding], tuple[Message, ...]] | None = None
        for order in _real_time_orders(messages):
            findings = judge(self._scene.setup, self._end_of(order), end)
            if not findings:
                return
            if nearest is None or len(findings) < len(nearest[0]):
                nearest = (findings, order)
        assert nearest is not None, "the order of acknowledgements is one of the orders"
        shown = ", ".join(repr(message.call) for message in nearest[1])
        differences = "\n".join(f"  {headline(finding)}" for finding in nearest[0])
        raise AssertionError(
            f"no serial order of the messages explains the end; nearest is {shown}, which differs by\n{differences}"
        )

    def _end_of(self, order: tuple[Message, ...]) -> Final:
        """The end of the messages one after the other, each until it is acknowledged, in a fresh world."""
        self._scene.open()
        delivered: Delivered | None = None
        for message in order:
            for number in range(1, self._scene.setup.patience + 1):
                delivered = self._scene.deliver(number, (), message.performance)
                if delivered.acknowledged:
                    break
        assert delivered is not None
        return observe(self._scene, delivered)


def _calls(job: Any) -> st.SearchStrategy[Call]:
    if isinstance(job, st.SearchStrategy):
        return job
    return st.just(job) if isinstance(job, Call) else job_arguments(job)


def _nothing() -> None:
    """The stage wants a call of its own; the messages are made as the run goes."""


def _real_time_orders(messages: list[Message]) -> Iterator[tuple[Message, ...]]:
    """Every order in which no message comes before one that was acknowledged before it had started."""
    for order in itertools.permutations(messages):
        if not any(_is_before(later, earlier) for earlier, later in itertools.combinations(order, 2)):
            yield order


def _is_before(one: Message, other: Message) -> bool:
    return one.acknowledged is not None and other.started is not None and one.acknowledged < other.started
