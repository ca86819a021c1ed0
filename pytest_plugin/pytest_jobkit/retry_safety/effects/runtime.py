"""Where effects report while a delivery runs, and where the planned fault strikes.

Exactly one runtime is current at a time (None outside of deliveries, so that a world's factory and its observer report
nothing). The channels look it up, announce the effect, perform the library's call and say how it ended.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar

from pytest_jobkit.retry_safety.effects.killing import WorkerKilled, WorkerTerminated
from pytest_jobkit.retry_safety.effects.ledger import Ledger
from pytest_jobkit.retry_safety.effects.record import Effect, Operation, State, calling_frame
from pytest_jobkit.retry_safety.exploring.faults import Fault, FaultKind

Answer = TypeVar("Answer")

#: True while an effect of this task or thread performs: what libraries below it do is part of it
inside_effect: ContextVar[bool] = ContextVar("jobkit_inside_effect", default=False)
_NO_FAULTS: dict[int, Fault] = {}


class Runtime:
    """One delivery after the other, with their effects and their planned faults.

    Attributes:
        ledger: what took place outside, over all deliveries.
        effects: the effects of the present delivery, in order.
        delivery: the present delivery's number.
        dead: the planned kill has struck; every further effect is refused.
        ended: the kill or the termination has struck; no further fault strikes.
        fired: the planned faults that did strike.
        drop: rolls back what the dying process has not committed; called before the kill is raised.
        pause: called with each effect before it takes place; hands over to another copy in a concurrent run.
        copy: which of several deliveries at once this is, 0 for the first.
        at_once: the concurrent run that this delivery is a part of; None if it runs alone.
        clock_was_read: whether the job has looked at the time, in any delivery so far.
        files: where the job is written; effects are reported at lines of these files, if there is one.
        cut: the effect that the kill or the termination came before, in the present delivery.
        wrong_answers: by channel, what the fault `wrong` answers; an exception is raised.
    """

    def __init__(
        self, drop: Callable[[], None], wrong_answers: dict[str, list[Any]] | None = None, ledger: Ledger | None = None
    ) -> None:
        self.ledger = ledger or Ledger()
        self.effects: list[Effect] = []
        self.delivery = 0
        self.dead = False
        self.ended = False
        self.fired: list[Fault] = []
        self.drop = drop
        self.pause: Callable[[Effect], None] | None = None
        self.copy = 0
        self.at_once: AtOnce | None = None
        self.wrong_answers = wrong_answers or {}
        self.files: frozenset[str] = frozenset()
        self.cut: Effect | None = None
        self.clock_was_read = False
        self._plan = _NO_FAULTS

    def begin(self, delivery: int, faults: tuple[Fault, ...] = ()) -> None:
        """Start recording a delivery, with the faults that are to strike in it."""
        self.delivery = delivery
        self.effects = []
        self.fired = []
        self.dead = self.ended = False
        self.cut = None
        self._plan = (
            {fault.at: fault for fault in faults if fault.kind is not FaultKind.NOACK} if faults else _NO_FAULTS
        )

    def perform(
        self,
        operation: Operation,
        act: Callable[..., Answer],
        *arguments: Any,
        detail: object = "",
        key: Hashable = None,
        body: Hashable = None,
    ) -> Answer:
        """Announce the effect, let `act(*arguments)` perform it, and say how it ended.

        Raises:
            WorkerKilled, WorkerTerminated: the planned kill strikes here, or has struck before.
        """
        if inside_effect.get():
            return act(*arguments)
        effect = self.announce(operation, detail, key, body, depth=3)
        if effect.state is State.WRONG:
            return self.wrong(effect)  # type: ignore[no-any-return]  # the test's own answer, of whatever type
        token = inside_effect.set(True)
        try:
            answer = act(*arguments)
        except BaseException:
            effect.state = State.FAILED
            raise
        finally:
            inside_effect.reset(token)
        self.done(effect)
        return answer

    async def perform_async(
        self,
        operation: Operation,
        act: Callable[..., Awaitable[Answer]],
        *arguments: Any,
        detail: object = "",
        key: Hashable = None,
        body: Hashable = None,
    ) -> Answer:
        """`perform` for a client that is awaited."""
        if inside_effect.get():
            return await act(*arguments)
        effect = self.announce(operation, detail, key, body, depth=3)
        if effect.state is State.WRONG:
            return self.wrong(effect)  # type: ignore[no-any-return]  # the test's own answer, of whatever type
        token = inside_effect.set(True)
        try:
            answer = await act(*arguments)
        except BaseException:
            effect.state = State.FAILED
            raise
        finally:
            inside_effect.reset(token)
        self.done(effect)
        return answer

    def announce(
        self, operation: Operation, detail: object = "", key: Hashable = None, body: Hashable = None, depth: int = 2
    ) -> Effect:
        """The effect is about to take place: the faults `kill`, `term`, `before` and `wrong` strike here.

        An effect in state `wrong` is not to be performed; answer it with `wrong(effect)`.
        """
        if self.dead:
            raise WorkerKilled("the worker is gone; nothing that it still does counts")
        effects = self.effects
        effect = Effect(operation, self.delivery, len(effects), detail, key, body, calling_frame(depth, self.files))
        if self.pause is not None:
            self.pause(effect)
            if self.dead:
                raise WorkerKilled("the worker is gone; nothing that it still does counts")
        if self.ended:
            effect.state = State.CLEANUP
        elif self._plan and effect.index in self._plan:
            self._strike(self._plan[effect.index], effect)
        effects.append(effect)
        return effect

    def _strike(self, fault: Fault, effect: Effect) -> None:
        if fault.kind is FaultKind.AFTER:
            return
        self.fired.append(fault)
        if fault.kind is FaultKind.KILL:
            self.cut = effect
            self.kill()
        if fault.kind is FaultKind.TERM:
            self.cut = effect
            self.ended = True
            raise WorkerTerminated(f"terminated in delivery {self.delivery}, gap {fault.at}")
        if fault.kind is FaultKind.WRONG:
            effect.state = State.WRONG
            return
        effect.state = State.REFUSED
        effect.durable = False
        self.effects.append(effect)
        raise effect.operation.refuse(f"injected: {effect.what} did not take place")

    def kill(self) -> None:
        """Drop, freeze, raise.

        Raises:
            WorkerKilled: always.
        """
        self.drop()
        self.ledger.roll_back()
        self.dead = self.ended = True
        raise WorkerKilled(f"killed in delivery {self.delivery}, gap {len(self.effects)}")

    def wrong(self, effect: Effect) -> Any:
        """The answer that the test chose for a `wrong` effect; an exception is raised."""
        effect.durable = False
        answer = self.wrong_answers[effect.channel][self._plan[effect.index].choice]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def committed(self) -> None:
        """A database transaction was committed: what was enqueued inside it is out now, its row locks are free."""
        self.ledger.commit()
        self.free_rows()

    def hold_row(self, row: Hashable, *, wait: bool = True) -> bool:
        """Take the model lock of a row until the end of the transaction, as ``SELECT ... FOR UPDATE`` asks for.

        For databases that have no row locks. Alone, nothing is in the way of a delivery.

        Args:
            row: the table and whatever tells the row from others.
            wait: let the other delivery go on until it frees the row; else say that it is taken.

        Returns:
            Whether the row is held now.
        """
        return self.at_once is None or self.at_once.hold_row(self.copy, row, wait=wait)

    def free_rows(self) -> None:
        """The transaction ended: its model locks are free."""
        if self.at_once is not None:
            self.at_once.free_rows(self.copy)

    @property
    def holds_rows(self) -> bool:
        """Whether this delivery holds model locks."""
        return self.at_once is not None and self.at_once.holds_rows(self.copy)

    def done(self, effect: Effect, *, deduplicated: bool | None = None, at_commit: bool = False) -> None:
        """The effect took place; the fault `after` strikes here.

        Args:
            effect: what `announce` returned.
            deduplicated: whether the receiver answered from a key; None means: if it has seen the key before.
            at_commit: the effect is part of an open transaction and counts when that commits.
        """
        if self.dead:
            raise WorkerKilled("the worker is gone; nothing that it still does counts")
        if effect.operation.external:
            known = self.ledger.knows(effect)
            if known if deduplicated is None else deduplicated:
                effect.state = State.DEDUPLICATED
            elif at_commit:
                effect.durable = False
                self.ledger.enter_at_commit(effect)
            else:
                self.ledger.enter(effect)
        if self._plan and not self.ended and effect.index in self._plan:
            fault = self._plan[effect.index]
            if fault.kind is FaultKind.AFTER:
                self.fired.append(fault)
                if effect.state is State.DONE:
                    effect.state = State.UNANSWERED
                raise effect.operation.lose_answer(f"injected: {effect.what} took place, its answer was lost")


class AtOnce(Protocol):
    """What a delivery that runs beside another one needs of the scheduler."""

    def wait(self, copy: int) -> bool:
        """Let the others go on, until one of them has moved. False if none of them ever will."""

    def hold_row(self, copy: int, row: Hashable, *, wait: bool) -> bool:
        """See `Runtime.hold_row`."""

    def free_rows(self, copy: int) -> None:
        """See `Runtime.free_rows`."""

    def holds_rows(self, copy: int) -> bool:
        """See `Runtime.holds_rows`."""


class Current:
    """Holds the runtime of the delivery that is running now; one for the process, since one delivery runs at a time."""

    __slots__ = ("runtime",)

    def __init__(self) -> None:
        self.runtime: Runtime | None = None


current = Current()


def until_free(is_busy: Callable[[BaseException], bool], act: Callable[..., Answer], *arguments: Any) -> Answer:
    """Call a driver that may find what it needs locked; beside another delivery, let that one go on, and try again.

    Args:
        is_busy: whether an error says "locked by somebody else". The driver must be told to raise it without waiting.
        act: the driver's call; a call that raised must have changed nothing.
    """
    while True:
        try:
            return act(*arguments)
        except BaseException as error:
            runtime = current.runtime
            if runtime is None or runtime.at_once is None or not is_busy(error):
                raise
            if not runtime.at_once.wait(runtime.copy):
                raise


def reporting() -> Runtime | None:
    """The runtime to report to; None outside of deliveries and inside another effect, whose part this call then is."""
    return None if inside_effect.get() else current.runtime
