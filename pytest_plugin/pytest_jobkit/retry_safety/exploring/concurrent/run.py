"""One run of several deliveries at once, in an order that is chosen step by step."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import NamedTuple

from jobkit.envelope import WorkerLost
from jobkit.outcome import Outcome, OutcomeKind
from pytest_jobkit.retry_safety.delivering.function import LoopOfTheWorker, Performance
from pytest_jobkit.retry_safety.effects.record import Effect
from pytest_jobkit.retry_safety.effects.runtime import Runtime, current
from pytest_jobkit.retry_safety.exploring.concurrent.hand_over import Turns, turns_of
from pytest_jobkit.retry_safety.exploring.concurrent.process_locks import waiting_by_turns
from pytest_jobkit.retry_safety.exploring.scene import ACKNOWLEDGED, Delivered, Scene
from pytest_jobkit.retry_safety.setup import BACKOFF_SECONDS

#: more steps than any job that ends: two deliveries that wait for each other in turns never do
MOST_STEPS = 5000


class Step(NamedTuple):
    """One choice of a run.

    Attributes:
        copy: who went on, 0 for the first.
        before: who had gone on before.
        enabled: who could have gone on.
        pending: what each copy would have done next; None for one that has ended.
        blocked: whether it found what it needs locked, so that nothing happened.
    """

    copy: int
    before: int
    enabled: tuple[int, ...]
    pending: tuple[Effect | None, ...]
    blocked: bool


@dataclass(slots=True)
class AtOnceRun:
    """How a run went.

    Attributes:
        steps: the choices, in order.
        deliveries: every delivery of every copy, in the order of their ends.
        stuck: who waits for what, if all of them wait for each other: a deadlock.
        redundant: the run was left: whatever it could still do, another run does in an equal order.
    """

    steps: list[Step] = field(default_factory=list)
    deliveries: list[Delivered] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    redundant: bool = False

    @property
    def order(self) -> str:
        """The replay string's digits."""
        return "".join(str(step.copy + 1) for step in self.steps)


class StepChoice(NamedTuple):
    """What a chooser is asked with."""

    number: int
    before: int
    enabled: tuple[int, ...]
    pending: tuple[Effect | None, ...]


#: picks who goes on; None leaves the run as redundant
Chooser = Callable[[StepChoice], "int | None"]


class AtOnceRunner:
    """Runs several deliveries at once in the world on stage.

    Args:
        scene: where.
        calls: how each copy is performed.
        first: the number of the first delivery.
        patience: how often a copy is delivered until it is acknowledged.
        starts_together: every copy runs to its first effect before the first choice; else when it is chosen.
    """

    def __init__(
        self,
        scene: Scene,
        calls: list[Performance],
        first: int = 1,
        patience: int = 1,
        starts_together: bool = True,
    ) -> None:
        self._scene = scene
        self._patience = patience
        self._first = first
        self._started = range(len(calls)) if starts_together else range(1)
        self._calls = calls
        self._loops = [LoopOfTheWorker() for _ in calls]
        self._performances = [call.beside(loop) for call, loop in zip(calls, self._loops, strict=True)]
        self._pending: list[Effect | None] = [None] * len(calls)
        self._waits = [False] * len(calls)
        self._rests = [False] * len(calls)
        self._is_over = False
        self._rows: dict[Hashable, int] = {}
        self._run = AtOnceRun()
        self._turns: Turns
        ledger = scene.runtime.ledger
        self._runtimes = [self._runtime(copy, ledger if copy == 0 else ledger.beside()) for copy in range(len(calls))]

    def _runtime(self, copy: int, ledger: object) -> Runtime:
        scene = self._scene
        runtime = Runtime(lambda: scene.drop_copy(copy), scene.runtime.wrong_answers, ledger)  # type: ignore[arg-type]
        runtime.files = scene.runtime.files
        runtime.copy = copy
        runtime.at_once = self
        runtime.pause = lambda effect: self._announced(copy, effect)
        return runtime

    def run(self, choose: Chooser) -> AtOnceRun:
        """Run to the end, or until all wait for each other, or until the chooser leaves it."""
        scene = self._scene
        scene.begin_copies(len(self._calls))
        self._turns = turns_of(
            [lambda copy=copy: self._body(copy) for copy in range(len(self._calls))],  # type: ignore[misc]
            awaited=any(performance.is_awaited for performance in self._performances),
        )
        memories = [scene.memory.leave()] * len(self._calls)
        try:
            with waiting_by_turns(self):
                for copy in self._started:
                    self._step(copy, memories)
                self._go_on(choose, memories)
        finally:
            for runtime in self._runtimes:
                runtime.dead = True  # what is left in the middle acts no more
            self._is_over = True
            self._turns.end()
            current.runtime = None
            for loop in self._loops:
                loop.close()
            scene.end_copies()
        scene.runtime.clock_was_read |= any(runtime.clock_was_read for runtime in self._runtimes)
        return self._run

    def _go_on(self, choose: Chooser, memories: list[object]) -> None:
        run, copies = self._run, range(len(self._calls))
        before = 0
        while any(map(self._turns.is_alive, copies)):
            enabled = self._enabled()
            if not enabled or len(run.steps) >= MOST_STEPS:
                run.stuck = [self._stuck(copy) for copy in copies if self._turns.is_alive(copy)]
                return
            pending = tuple(self._pending)
            copy = choose(StepChoice(len(run.steps), before, enabled, pending))
            if copy is None:
                run.redundant = True
                return
            self._step(copy, memories)
            run.steps.append(Step(copy, before, enabled, pending, self._waits[copy]))
            if not self._waits[copy]:
                self._waits = [False] * len(self._calls)
            before = copy

    def _enabled(self) -> tuple[int, ...]:
        """Who can go on. A failed delivery comes again when the queue has waited: when the others are done."""
        ready = [copy for copy in range(len(self._calls)) if self._turns.is_alive(copy) and not self._waits[copy]]
        return tuple([copy for copy in ready if not self._rests[copy]] or ready)

    def _stuck(self, copy: int) -> str:
        effect = self._pending[copy]
        held = [f"{' '.join(map(str, row))}" if isinstance(row, tuple) else str(row)
                for row, holder in self._rows.items() if holder == copy]  # fmt: skip
        written = [e.what for e in self._runtimes[copy].effects[:-1] if not e.operation.reads and not e.durable]
        holds = ", ".join([*held, *written]) or "nothing that is known"
        what = "nothing that it reports" if effect is None else f"{effect.what} ({effect.function}:{effect.line})"
        return f"delivery {copy + 1} waits for {what} and holds {holds}"

    def _step(self, copy: int, memories: list[object]) -> None:
        self._scene.memory.enter(memories[copy])
        current.runtime = self._runtimes[copy]
        try:
            self._turns.step(copy)
        finally:
            current.runtime = None
        memories[copy] = self._scene.memory.leave()

    def _announced(self, copy: int, effect: Effect) -> None:
        self._pending[copy] = effect
        self._turns.hand_over(copy)

    def wait(self, copy: int) -> bool:
        others = [other for other in range(len(self._calls)) if other != copy]
        if not any(self._turns.is_alive(other) for other in others):
            return False
        self._waits[copy] = True
        self._turns.hand_over(copy)
        return True

    def hold_row(self, copy: int, row: Hashable, *, wait: bool) -> bool:
        while self._rows.get(row, copy) != copy:
            if not wait or not self.wait(copy):
                return False
        self._rows[row] = copy
        return True

    def free_rows(self, copy: int) -> None:
        self._rows = {row: holder for row, holder in self._rows.items() if holder != copy}

    def holds_rows(self, copy: int) -> bool:
        return copy in self._rows.values()

    def _body(self, copy: int) -> None:
        """One worker: deliver until the message is acknowledged."""
        scene, runtime, performance = self._scene, self._runtimes[copy], self._performances[copy]
        for attempt in range(self._patience):
            number = self._first + copy + attempt * len(self._calls)
            runtime.begin(number)
            scene.memory.forget(number)
            try:
                outcome = performance.deliver(number)
            except WorkerLost as lost:
                outcome = Outcome(OutcomeKind.LOST, reason=str(lost))
            if self._is_over:
                return
            scene.drop_copy(copy)
            runtime.free_rows()
            runtime.ledger.roll_back()
            done = outcome.kind in ACKNOWLEDGED
            scene.note_leases(runtime.effects)
            self._run.deliveries.append(Delivered(number, runtime.effects, outcome, done, [], copy=copy))
            if done:
                break
            if attempt + 1 < self._patience:
                self._pending[copy] = None
                self._rests[copy] = True
                self._turns.hand_over(copy)
                self._rests[copy] = False
                scene.advance(BACKOFF_SECONDS + (scene.longest_lease if attempt + 2 == self._patience else 0))
        self._pending[copy] = None
