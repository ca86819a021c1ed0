"""One world on stage: delivers the call in it, saves it, puts it back, makes it anew."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jobkit.clock import VirtualClock
from jobkit.envelope import WorkerLost
from jobkit.outcome import Outcome, OutcomeKind
from pytest_jobkit.retry_safety.channels import Channel, Saver
from pytest_jobkit.retry_safety.delivering.calls import Call
from pytest_jobkit.retry_safety.delivering.forked import CarriedEffect, outcome_of, outcome_parts, parts_of, run_forked
from pytest_jobkit.retry_safety.delivering.function import Performance
from pytest_jobkit.retry_safety.effects.ledger import Entry, SavedLedger
from pytest_jobkit.retry_safety.effects.record import Effect
from pytest_jobkit.retry_safety.effects.runtime import Runtime, current
from pytest_jobkit.retry_safety.exploring.faults import Fault, FaultKind
from pytest_jobkit.retry_safety.setup import BACKOFF_SECONDS, Setup
from pytest_jobkit.retry_safety.worlds.picture import Picture, Unsavable
from pytest_jobkit.retry_safety.worlds.process_memory import ProcessMemory
from pytest_jobkit.retry_safety.worlds.saving import Holdings, Offered
from pytest_jobkit.retry_safety.worlds.world import OpenWorld

if TYPE_CHECKING:
    from pytest_jobkit.retry_safety.judging.observation import Final

#: outcomes after which the queue is done with the message
ACKNOWLEDGED = frozenset(
    {OutcomeKind.SUCCEEDED, OutcomeKind.DISCARDED, OutcomeKind.HALTED, OutcomeKind.RESCUED, OutcomeKind.DROPPED}
)


@dataclass(slots=True)
class Delivered:
    """One delivery, as it went.

    Attributes:
        number: 1 for the first.
        effects: what it did, in order.
        outcome: how the body ended; LOST if the worker died.
        acknowledged: whether the message is done with.
        fired: the planned faults that struck.
        cut: the effect before which the worker died.
        delay: seconds of virtual time that passed until the next delivery, beyond the usual backoff.
        copy: which of several workers at once it was, 0 for the first.
    """

    number: int
    effects: list[Effect]
    outcome: Outcome
    acknowledged: bool
    fired: list[Fault]
    delay: int = 0
    cut: Effect | None = None
    copy: int = 0

    @property
    def succeeded(self) -> bool:
        return self.outcome.kind is OutcomeKind.SUCCEEDED


@dataclass(slots=True)
class Saved:
    """A durable state that a delivery can start from.

    Attributes:
        world: how to put the world back.
        ledger: what had taken place.
    """

    world: Picture
    ledger: SavedLedger


class Scene:
    """The world and the worker of one check.

    Args:
        setup: what is checked.
        performance: runs the body.
        channels: the libraries' hooks, already installed.
        memory: puts back what a new process would not know.
    """

    def __init__(self, setup: Setup, performance: Performance, channels: list[Channel], memory: ProcessMemory) -> None:
        self.setup = setup
        self.performance = performance
        self._channels = channels
        self.memory = memory
        self.runtime = Runtime(self._drop, {name: list(answers) for name, answers in setup.wrong.items()})
        #: columns and data that need not come out the same
        self.volatile = setup.volatile
        #: operations that are compared by their number alone: their details come from the clock or from chance
        self.blurred: set[tuple[str, str]] = set()
        self.runtime.files = frozenset(code.co_filename for code in performance.codes())
        self._open: OpenWorld | None = None
        self._holdings = Holdings({}, self._saver)
        self._clocks: list[VirtualClock] = []
        self._savers: list[Saver] = []
        self._on_stage: Saved | None = None  # the state that was put on stage last
        #: the count of an entry above which more makes no difference, where the policy allows any number
        self.cap: Callable[[Entry], int | None] | None = None
        #: other messages: those delivered at the same time, and those delivered before a duplicate
        self.perform: Callable[[Call], Performance]  # set by the check: how this stage runs another call
        self.beside: list[Performance] = []
        self.later: list[Performance] = []
        #: seconds until the last lock or lease that any delivery took has run out by itself
        self.longest_lease: float = 0
        self.goal_with_later_messages: Final | None = None

    @property
    def world(self) -> OpenWorld:
        """The world on stage."""
        assert self._open is not None, "no world is open"
        return self._open

    def open(self) -> None:
        """Make a fresh world, in place of the present one."""
        self.close()
        self._open = self.setup.world.open(self.setup.given)
        self.runtime.ledger.restore(({}, {}, ()))
        self._holdings = Holdings({**self._open.roots, **self.performance.roots}, self._saver, self.volatile)
        picture = self._holdings.look()
        self._clocks, self._savers, self._on_stage = picture.clocks, picture.savers, None
        met = [getattr(saver, "thing", saver) for saver in picture.savers]
        stores = [saver for channel in self._channels for saver in channel.stores()]
        self._holdings.added = [
            store for store in stores if not any(getattr(store, "thing", store) is thing for thing in met)
        ]
        self.memory.reset()

    def close(self) -> None:
        """Let the factory clean up."""
        if self._open is not None:
            self._drop()
            opened, self._open = self._open, None
            for channel in self._channels:
                channel.forget_world()
            opened.close()

    def deliver(self, number: int, faults: tuple[Fault, ...] = (), performance: Performance | None = None) -> Delivered:
        """Deliver the message, or another one, once; what the worker has not committed at its end is gone."""
        if self.setup.isolation == "fork":
            return self._deliver_forked(number, faults, performance)
        return self._deliver(number, faults, performance)

    def _deliver_forked(self, number: int, faults: tuple[Fault, ...], performance: Performance | None) -> Delivered:
        """Deliver in a process of its own, and take over the world, the ledger and the effects that it leaves."""
        picture = self._holdings.look()
        picture.remember()
        sent = run_forked(lambda: self._in_child(number, faults, performance, picture), picture.things())
        runtime = self.runtime
        runtime.begin(number, faults)
        self.memory.forget(number)
        if sent is None:
            reason = "the process of the delivery ended by itself"
            self.advance(BACKOFF_SECONDS)
            return Delivered(number, [], Outcome(OutcomeKind.LOST, reason=reason), False, [])
        picture.put_in(sent["contents"])
        self._on_stage = None
        runtime.ledger.restore(sent["ledger"])
        runtime.clock_was_read |= sent["clock"]
        self.memory.random_was_read |= sent["random"]
        for channel, learned in zip(self._channels, sent["learned"], strict=True):
            channel.learn(learned)
        delivered = Delivered(*sent["delivered"])
        delivered.effects = [CarriedEffect(parts) for parts in sent["effects"]]
        delivered.cut = None if sent["cut"] is None else CarriedEffect(sent["cut"])
        delivered.outcome = outcome_of(sent["outcome"])
        self.note_leases(delivered.effects)
        return delivered

    def _in_child(
        self, number: int, faults: tuple[Fault, ...], performance: Performance | None, picture: Picture
    ) -> dict[str, Any]:
        """What the forked process sends back."""
        delivered = self._deliver(number, faults, performance)
        self.memory.note_random_numbers(number)
        picture.remember()
        cut = delivered.cut
        return {
            "contents": picture.contents(),
            "ledger": self.runtime.ledger.save(),
            "clock": self.runtime.clock_was_read,
            "random": self.memory.random_was_read,
            "learned": [channel.learned() for channel in self._channels],
            "delivered": (number, [], None, delivered.acknowledged, delivered.fired, delivered.delay),
            "effects": [parts_of(effect) for effect in delivered.effects],
            "cut": None if cut is None else parts_of(cut),
            "outcome": outcome_parts(delivered.outcome),
        }

    def _deliver(self, number: int, faults: tuple[Fault, ...], performance: Performance | None) -> Delivered:
        runtime = self.runtime
        runtime.begin(number, faults)
        self.memory.forget(number)
        current.runtime = runtime
        try:
            outcome = (performance or self.performance).deliver(number)
        except WorkerLost as lost:
            outcome = Outcome(OutcomeKind.LOST, reason=str(lost))
        finally:
            current.runtime = None
        if runtime.ended and outcome.kind is not OutcomeKind.LOST:
            # The body swallowed the kill. A process that is gone acknowledges nothing.
            outcome = Outcome(OutcomeKind.LOST, reason="killed; the body swallowed the error")
        self._drop()
        runtime.ledger.roll_back()
        self.note_leases(runtime.effects)
        acknowledged = outcome.kind in ACKNOWLEDGED or self.is_lost(outcome)
        delay = 0
        for fault in faults:
            if fault.kind is FaultKind.DUP:
                continue  # its delay comes after the acknowledgement
            delay = max(delay, fault.delay)
            if fault.kind is FaultKind.NOACK and acknowledged:
                runtime.fired.append(fault)
                acknowledged = False
        if not acknowledged:
            self.advance(BACKOFF_SECONDS + delay)
        return Delivered(number, runtime.effects, outcome, acknowledged, runtime.fired, delay, runtime.cut)

    def is_lost(self, outcome: Outcome) -> bool:
        """Whether nobody delivers the message again although its worker died."""
        return outcome.kind is OutcomeKind.LOST and self.performance.is_early and self.setup.redelivery == "own"

    def note_leases(self, effects: list[Effect]) -> None:
        """Remember how long to wait before a job counts as one that never finishes."""
        for effect in effects:
            if effect.ttl is not None:
                self.longest_lease = max(self.longest_lease, effect.ttl)

    def advance(self, seconds: float) -> None:
        """Let virtual time pass in the world's clocks."""
        for clock in self._clocks:
            clock.advance(seconds)
        own = getattr(self._open and self._open.thing, "advance", None)
        if callable(own) and not isinstance(self.world.thing, VirtualClock):
            own(seconds)

    def has_found_stores(self) -> bool:
        """Whether the job has opened stores that were not known when the world was made."""
        return any(channel.has_found_stores() for channel in self._channels)

    def save(self) -> Saved:
        """The present durable state."""
        picture = self._holdings.look()
        picture.remember()
        saved = Saved(picture, self.runtime.ledger.save())
        self._on_stage = saved
        return saved

    def restore(self, saved: Saved) -> None:
        """Put a durable state back."""
        saved.world.put_back()
        self._on_stage = saved
        self.runtime.ledger.restore(saved.ledger)
        self.memory.reset()

    def key(self) -> Hashable:
        """Equal for equal durable states."""
        return (self._world_key(), self.runtime.ledger.key(self.cap))

    def _world_key(self) -> Hashable:
        before = self._on_stage
        key = None if before is None else before.world.present_key()
        return self._holdings.look().key if key is None else key

    def plain_data(self) -> dict[str, Hashable]:
        """The plain data of the world by its name, without what the test has named volatile."""
        return self._holdings.look().fields()

    def unsavable(self) -> list[Unsavable]:
        """What of the world cannot be put back."""
        picture = self._holdings.look()
        if any(isinstance(saver, Offered) for saver in picture.savers):
            return picture.unsavable
        servers = dict.fromkeys(name for channel in self._channels for name in channel.servers())
        return [*(Unsavable("what the job uses", name) for name in servers), *picture.unsavable]

    def tabular(self) -> list[Any]:
        """The stores of the world that have rows."""
        return [saver for saver in (*self._savers, *self._holdings.added) if hasattr(saver, "tables")]

    def _saver(self, thing: object) -> Saver | None:
        for channel in self._channels:
            saver = channel.saver(thing)
            if saver is not None:
                return saver
        return None

    def begin_copies(self, number: int) -> None:
        """Several workers at once begin: each gets connections of its own."""
        for channel in self._channels:
            channel.begin_copies(number)

    def drop_copy(self, copy: int) -> None:
        """One of several workers is done: what it has not committed is gone."""
        for channel in self._channels:
            channel.drop_copy(copy)

    def end_copies(self) -> None:
        """The workers have ended; the world is again as everybody else sees it."""
        for channel in self._channels:
            channel.end_copies()
        self._drop()
        self.runtime.ledger.roll_back()

    def _drop(self) -> None:
        for channel in self._channels:
            channel.drop()
