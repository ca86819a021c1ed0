"""`perform_enqueued_jobs`: now, at the end of a block, or inside each call; with the whole policy of a drain."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack

from jobkit import ConfigError, JobRecord, State
from jobkit.drain import DrainOptions, DrainResult
from jobkit.selection import is_predicate, selector
from pytest_jobkit.calling import Use, note_awaiting, use_of_call
from pytest_jobkit.matchers.target import target_of

if TYPE_CHECKING:
    from pytest_jobkit.session import JobSession

#: pytest leaves these frames out of tracebacks: an error is about the line of the test that leads here
__tracebackhide__ = True


class Policy(DrainOptions, total=False):
    """What a drain does: the arguments of `Engine.drain`, and the order of what is ready."""

    order: str


ORDERS = ("queue", "random", "newest")


class Performed:
    """What performing came to. Counts are there once it has ended: at once, or after the block.

    Reading a count of discarded, dead, halted, dropped or lost jobs says that the test expects them; those of which
    a test never speaks fail it at its end.
    """

    def __init__(self, session: JobSession, policy: Policy, inline: bool) -> None:
        self._session = session
        self._order = policy.pop("order", "queue")
        self._policy: DrainOptions = policy
        self._inline = inline
        self._result: DrainResult | None = None
        self._start: int | None = None
        self._first = 0
        self._performing: AbstractContextManager[None] | None = None

    @property
    def performed(self) -> int:
        """How many executions there were; the next ones are parts of it."""
        return self._ended.performed

    @property
    def succeeded(self) -> int:
        return self._ended.succeeded

    @property
    def retried(self) -> int:
        return self._ended.retried

    @property
    def discarded(self) -> int:
        return self._expected(State.DISCARDED)

    @property
    def dead(self) -> int:
        return self._expected(State.DEAD)

    @property
    def halted(self) -> int:
        return self._expected(State.HALTED)

    @property
    def rescued(self) -> int:
        return self._ended.rescued

    @property
    def interrupted(self) -> int:
        return self._ended.interrupted

    @property
    def dropped(self) -> int:
        return self._expected(State.DROPPED)

    @property
    def lost(self) -> int:
        return self._expected(State.LOST)

    @property
    def remaining(self) -> int:
        """Jobs that still wait, those outside the policy included."""
        return self._ended.remaining

    @property
    def records(self) -> tuple[JobRecord, ...]:
        """One record an execution, in order."""
        return tuple(self._ended.records)

    @property
    def errors(self) -> tuple[BaseException, ...]:
        """The errors that no handler took, of a drain with ``errors="capture"``."""
        self._session.spoken_of.update(record.job_id for record in self._ended.records if record.error is not None)
        return tuple(self._ended.errors)

    @property
    def _ended(self) -> DrainResult:
        if self._result is None:
            raise ConfigError("the block of perform_enqueued_jobs() has not ended, so nothing was performed yet")
        return self._result

    def _expected(self, state: State) -> int:
        result = self._ended
        self._session.spoken_of.update(record.job_id for record in result.records if record.state is state)
        count: int = getattr(result, state.value)
        return count

    # Performing

    def now(self) -> Self:
        """Perform what waits."""
        engine = self._session.engine
        first = len(engine.deliveries)
        try:
            with engine.in_order(self._order):
                self._result = engine.drain(**self._policy)
        except BaseException as error:
            self._session.raised(error, first)
            raise
        return self

    def __await__(self) -> Generator[Any, None, Self]:
        return self._now_async().__await__()

    async def _now_async(self) -> Self:
        engine = self._session.engine
        first = len(engine.deliveries)
        try:
            with engine.in_order(self._order):
                self._result = await engine.adrain(**self._policy)
        except BaseException as error:
            self._session.raised(error, first)
            raise
        return self

    def __enter__(self) -> Self:
        if self._result is not None:
            raise ConfigError(
                "perform_enqueued_jobs() has performed already, for it was not called in the with statement itself; "
                "write perform_enqueued_jobs.block(...) where the call and the with are apart"
            )
        engine = self._session.engine
        self._start = engine.sequence
        self._first = len(engine.deliveries)
        if self._inline:
            chosen = selector(self._policy.get("only"), self._policy.get("except_"), self._policy.get("queue"))
            self._performing = engine.performing_inline(chosen, self._policy.get("errors", "raise"))
            self._performing.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._performing is not None:
            self._performing.__exit__(kind, error, traceback)
            self._tally(error)
        elif error is None:
            self._policy = self._of_block()
            self.now()

    async def __aenter__(self) -> Self:
        if self._inline:
            raise ConfigError(
                "perform_enqueued_jobs(inline=True) takes a plain 'with': a call cannot wait inside itself"
            )
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self._policy = self._of_block()
            await self._now_async()

    def _of_block(self) -> DrainOptions:
        """The policy, for what was enqueued in the block alone."""
        start = self._start or 0
        policy = self._policy.copy()
        chosen = selector(policy.pop("only", None), policy.pop("except_", None))
        policy["only"] = lambda record: record.envelope.sequence > start and (chosen is None or chosen(record.envelope))
        return policy

    def _tally(self, error: BaseException | None) -> None:
        result = self._result = DrainResult()
        for record in self._session.engine.deliveries[self._first :]:
            result.add(record)
        result.remaining = len(self._session.engine.pending)
        if error is not None:
            self._session.raised(error, self._first)

    def __repr__(self) -> str:
        return "perform_enqueued_jobs(...)" if self._result is None else repr(self._result)


class PerformEnqueuedJobs:
    """Performs jobs: now, ``perform_enqueued_jobs()``; at the end of a block, ``with perform_enqueued_jobs():``.

    See `__call__` for the arguments. With async jobs in an async test: ``await perform_enqueued_jobs()`` and
    ``async with perform_enqueued_jobs():``.
    """

    def __init__(self, session: JobSession) -> None:
        self._session = session

    def __call__(self, *, inline: bool = False, **policy: Unpack[Policy]) -> Performed:
        """Perform until nothing is left, moving the clock to each job's due time.

        As a block only what is enqueued in it is performed, when the block ends; an error in the block leaves
        everything enqueued.

        Args:
            inline: perform each job inside its own `perform_later`, whatever its due time, children and retries
                included; for a block only, with `only`, `except_`, `queue` and `errors`.
            until: only what is due by then: a timedelta or seconds from now, or an aware datetime.
            queue, only, except_: which jobs: a queue or several; a job, several, or a predicate of a `JobRecord`.
            children, retries: whether what jobs enqueue meanwhile is performed too.
            limit: the most executions; None for no limit.
            errors: "raise" raises the first error that no handler took, "capture" keeps them in the result.
            order: of what is ready at one time: "queue" as a worker would fetch it, "newest" first, or "random" from
                the engine's seed, for no broker with several workers promises an order.

        Raises:
            DrainLimitError: the limit was reached, most often by a job that enqueues itself.
            ConfigError: an argument is of no use, or two contradict each other.
        """
        use = use_of_call()
        performed = self._performed(policy, inline)
        if use is not Use.ALONE:
            return performed
        if inline:
            raise ConfigError(
                "perform_enqueued_jobs(inline=True) is for a block: with perform_enqueued_jobs(inline=True): ... "
                "(for an ExitStack or enterContext: perform_enqueued_jobs.block(inline=True))"
            )
        try:
            return performed.now()
        except ConfigError as error:
            note_awaiting(error, "await perform_enqueued_jobs(...), or async with perform_enqueued_jobs(...)")
            raise

    def block(self, *, inline: bool = False, **policy: Unpack[Policy]) -> Performed:
        """The block form, for where the call and the ``with`` are apart: an ExitStack, a fixture of one's own."""
        return self._performed(policy, inline)

    def _performed(self, policy: Policy, inline: bool) -> Performed:
        if inline:
            useless = sorted({"until", "children", "retries", "limit", "order"} & policy.keys())
            if useless:
                raise ConfigError(
                    f"perform_enqueued_jobs(inline=True, {useless[0]}=...): a job that is performed inside its own "
                    f"perform_later has no queue to wait in; leave out {' and '.join(useless)} or inline"
                )
        order = policy.get("order", "queue")
        if order not in ORDERS:
            raise ConfigError(f"perform_enqueued_jobs(order={order!r}): give one of {', '.join(ORDERS)}")
        selector(policy.get("only"), policy.get("except_"), policy.get("queue"))
        for name in ("only", "except_"):
            chosen = policy.get(name)
            for item in chosen if isinstance(chosen, (list, tuple, set, frozenset)) else [chosen]:
                if item is not None and not is_predicate(item):
                    target_of(item, self._session.captures)
        return Performed(self._session, policy, inline)

    def __enter__(self) -> Performed:
        raise ConfigError("with perform_enqueued_jobs: it was not called; write with perform_enqueued_jobs(): ...")

    def __exit__(self, *_: object) -> None:
        """Never reached: entering raises."""

    def __repr__(self) -> str:
        return "perform_enqueued_jobs"
