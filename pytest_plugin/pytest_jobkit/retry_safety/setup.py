"""Everything that a check is told, in one value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pytest_jobkit.retry_safety.delivering.calls import Call
from pytest_jobkit.retry_safety.exploring.faults import LATE_SECONDS, Kinds, parse_kinds
from pytest_jobkit.retry_safety.judging.policies import Policy
from pytest_jobkit.retry_safety.worlds.world import World

#: virtual seconds that a queue lets pass before it delivers again
BACKOFF_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Budget:
    """How much a check may do before it must say what it has not tried."""

    deliveries: int = 2000
    seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class Setup:
    """What is checked, and how far.

    Attributes:
        call: the job with its arguments.
        world: makes fresh worlds.
        given: what the world's factory is called with (fixtures).
        observe: returns what must not change and asserts what must hold; None compares all rows.
        faults: ``"any"`` number of them, or at most so many; None means "any" where the world can be put back, else 2.
        kinds: the kinds of fault.
        policies: by channel; exactly once where nothing is said.
        volatile: ``table.column``, or the way to data of the world, that need not come out the same.
        budget: deliveries and seconds.
        patience: undisturbed deliveries after the last fault, before a job counts as one that never finishes.
        collapse: of effects that repeat in a loop, break only the first, the second and the last; reported as sampled.
        wrong: by channel, answers for the fault `wrong`; exceptions are raised.
        forget: module variables (``"shop.jobs.CACHE"``) that every delivery finds as the first one did.
        always: whether the observer's assertions must hold after failed deliveries, too.
        every_after: try `after` on every effect, also where it equals `before`: reads, statements in a transaction.
        merge: treat equal durable states as one.
        audit: look for lines that change the world without reporting it.
        copies: deliveries of the message at once; 1 tries none.
        preemptions: the most switches away from a delivery that could go on; None tries every order.
        against: other messages, delivered at the same time instead of copies.
        later: other messages, delivered before the fault `dup` brings the first one back.
        one_process: deliveries at once are threads of one process and share its locks, instead of two workers.
        isolation: how a delivery forgets what the worker knew: variables are put back, or it runs in a forked process.
        redelivery: whether a message that is acknowledged before it runs is delivered again all the same ("assumed"),
            or lost with its worker, as its framework has it ("own").
        allow_incomplete: whether a budget that ends first passes the test.
    """

    call: Call
    world: World
    given: Mapping[str, Any] = field(default_factory=dict)
    observe: Callable[[Any], Any] | None = None
    faults: int | Literal["any"] | None = None
    kinds: Kinds = field(default_factory=lambda: parse_kinds(None))
    policies: Mapping[str, Policy] = field(default_factory=dict)
    volatile: frozenset[str] = frozenset()
    budget: Budget = Budget()
    patience: int = 5
    collapse: int = 0
    wrong: Mapping[str, list[Any]] = field(default_factory=dict)
    forget: tuple[str, ...] = ()
    always: bool = False
    every_after: bool = False
    merge: bool = True
    audit: bool = True
    copies: int = 1
    preemptions: int | None = 2
    against: tuple[Call, ...] = ()
    later: tuple[Call, ...] = ()
    one_process: bool = False
    redelivery: Literal["assumed", "own"] = "assumed"
    isolation: Literal["reset", "fork"] = "reset"
    allow_incomplete: bool = False

    def policy(self, channel: str) -> Policy:
        """How often effects of this channel may take place."""
        return self.policies.get(channel, Policy.EXACTLY_ONCE)

    def delays(self, late: bool) -> tuple[int, ...]:
        """Seconds, on top of the backoff, until a message whose delivery was lost comes again."""
        return (0, LATE_SECONDS) if late or self.kinds.late else (0,)
