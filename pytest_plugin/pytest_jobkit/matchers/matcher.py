"""`JobMatcher`: the sentence that a test writes about its jobs, word for word."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from jobkit import ConfigError, Job, JobRecord
from jobkit.clock import epoch_seconds, seconds
from pytest_jobkit.matchers.arguments import WithArgs, check_fits
from pytest_jobkit.matchers.conditions import Condition, EnqueuedBy, OnQueue, Where, WithError, WithPriority
from pytest_jobkit.matchers.count import DEFAULT
from pytest_jobkit.matchers.expectation import Expectation, Verdict, judge
from pytest_jobkit.matchers.question import Answer, Question
from pytest_jobkit.matchers.sighting import Population
from pytest_jobkit.matchers.target import target_of
from pytest_jobkit.matchers.text import failure_text
from pytest_jobkit.matchers.times import At, DelayedBy, Immediately, tolerance

if TYPE_CHECKING:
    from pytest_jobkit.session import JobSession

#: pytest leaves these frames out of tracebacks: an error is about the line of the test that leads here
__tracebackhide__ = True

#: seconds between two looks while `eventually` waits, and what waits them out in real time
_TURN = 0.01
_AWHILE = threading.Event()


class JobMatcher(Question):
    """What is wanted of some jobs. Each modifier gives a new matcher and narrows it.

    Without a count exactly one job is wanted. ``assert not`` wants none. In the boolean form two or more jobs without
    a count are an error: neither yes nor no would be honest.
    """

    def __init__(self, session: JobSession, word: str, expectation: Expectation, written: tuple[str, ...] = ()) -> None:
        super().__init__(session)
        self._word = word
        self.expectation = expectation
        self._written = written
        self._start: int | None = None
        self._verdict: Verdict | None = None
        #: seconds to wait for what other threads enqueue
        self._patience = 0.0

    # Which jobs

    def with_args(self, *arguments: Any, **kwarguments: Any) -> JobMatcher:
        """Arguments equal to these, by ``==`` with the wanted value on the left.

        ``with_args(None)`` wants None, ``with_args()`` wants no arguments at all.

        Raises:
            TypeError: the job's signature does not take such arguments, so nothing could ever match.
        """
        target = self._base.target
        signature = None if target is None else target.signature
        if target is not None and signature is not None:
            check_fits(signature, target.shown, arguments, kwarguments)
        return self._narrowed(WithArgs(arguments, kwarguments, signature))

    def where(self, predicate: Callable[[JobRecord], Any]) -> JobMatcher:
        """`predicate` says yes. It always gets a `JobRecord`: ``where(lambda job: job.arguments[0] > 10)``."""
        return self._narrowed(Where(predicate, f"where {len(self._base.conditions)}"))

    def on_queue(self, queue: str) -> JobMatcher:
        """On the queue of this name, its prefix included."""
        return self._narrowed(OnQueue(queue))

    def with_priority(self, priority: int | None) -> JobMatcher:
        """With this priority; None for a job that was given none."""
        return self._narrowed(WithPriority(priority))

    def at(self, moment: datetime, within: float = 0.0) -> JobMatcher:
        """At `moment` (aware), give or take `within` seconds: due then, or performed, retried, discarded, dead then.

        Without `within` times agree to the millisecond, which is what frameworks round to.
        """
        label = self._base.population.at
        epoch_seconds(moment, "at()")
        return self._narrowed(At(moment, tolerance(within, "at()"), label))

    def delayed_by(self, delay: float | timedelta, within: float = 0.0) -> JobMatcher:
        """So many seconds (or a timedelta) after it was enqueued, give or take `within` seconds."""
        base = self._base
        condition = DelayedBy(seconds(delay), tolerance(within, "delayed_by()"))
        return self._next(base.with_condition(condition), condition.written)

    def immediately(self) -> JobMatcher:
        """Without a delay."""
        return self._narrowed(Immediately())

    def with_error(
        self, error: type[BaseException] | tuple[type[BaseException], ...], match: str | None = None
    ) -> JobMatcher:
        """With an error of this class (or one of these) behind it, whose text the pattern `match` finds.

        Raises:
            ConfigError: asked of enqueued jobs, which have no error yet.
        """
        if self._base.population.verb == "enqueued":
            raise ConfigError(
                f"{self._word}(...).with_error(): a job that was just enqueued has no error; "
                "ask have_retried_job, have_discarded_job or have_dead_job"
            )
        return self._narrowed(WithError(error, match))

    def enqueued_by(self, job: object) -> JobMatcher:
        """Enqueued while `job` was performed: a child of it, a link of its chain. ``enqueued_by(None)``: by no job.

        Raises:
            ConfigError: `job` is a single job; a message says which kind of job enqueued it, not which one.
        """
        self.is_asked = True
        if isinstance(job, (Job, JobRecord)):
            raise ConfigError(f"enqueued_by({job!r}): name the kind of job, its class, function, task or actor")
        by = None if job is None else target_of(job, self.session.captures)
        return self._narrowed(EnqueuedBy(by))

    # How long

    def eventually(self, seconds: float = 5.0) -> JobMatcher:
        """Wait up to so many real seconds for other threads to enqueue; in an async test
        ``assert await have_enqueued_job(ship).eventually()``, which lets the event loop go on.

        With ``not`` or `never` nothing may come in that time.

        Raises:
            ConfigError: `seconds` is not positive.
        """
        self.is_asked = True
        if not seconds > 0:
            raise ConfigError(f"eventually({seconds!r}): how long to wait is wanted, in seconds above 0")
        matcher = self._next(self._base, f"eventually({seconds:g})")
        matcher._patience = float(seconds)
        return matcher

    def __await__(self) -> Generator[Any, None, Self]:
        return self._awaited().__await__()

    async def _awaited(self) -> Self:
        self.is_asked = True
        await self._arrive(in_block=False)
        return self

    # How many

    def exactly(self, number: int) -> JobMatcher:
        """This many, no more and no fewer."""
        return self._exactly(number, f"exactly({number!r})")

    def once(self) -> JobMatcher:
        """Exactly one."""
        return self._exactly(1, "once()")

    def twice(self) -> JobMatcher:
        """Exactly two."""
        return self._exactly(2, "twice()")

    def thrice(self) -> JobMatcher:
        """Exactly three."""
        return self._exactly(3, "thrice()")

    def never(self) -> JobMatcher:
        """None."""
        return self._exactly(0, "never()")

    def at_least(self, number: int) -> JobMatcher:
        """This many or more."""
        expectation = replace(self._base, count=self.expectation.count.at_least(number))
        return self._next(expectation, f"at_least({number})")

    def at_most(self, number: int) -> JobMatcher:
        """This many or fewer, none included."""
        expectation = replace(self._base, count=self.expectation.count.at_most(number))
        return self._next(expectation, f"at_most({number})")

    def _exactly(self, number: int, word: str) -> JobMatcher:
        return self._next(replace(self._base, count=self.expectation.count.exactly(number, word)), word)

    # What matched

    @property
    def jobs(self) -> tuple[JobRecord, ...]:
        """The jobs that match, in order: after a block those of the block, else of the whole test so far."""
        return tuple(seen.record for seen in self._current().matched)

    @property
    def job(self) -> JobRecord:
        """The one job that matches.

        Raises:
            AssertionError: none does, or several do.
        """
        verdict = self._current()
        if len(verdict.matched) != 1:
            once = self.expectation.count.allows(1) and self.expectation.count.most == 1
            wanted = self.expectation if once else replace(self.expectation, count=DEFAULT)
            raise AssertionError(failure_text(replace(verdict, expectation=wanted), self.session))
        return verdict.matched[0].record

    def _current(self) -> Verdict:
        self.is_asked = True
        return self._verdict if self._verdict is not None and self._start is not None else self._judge(in_block=False)

    # Asking

    def _begin(self) -> None:
        self._start = self.expectation.population.size(self.session.engine)

    def _ask(self, in_block: bool) -> Answer:
        for _ in self._turns():
            if self._has_come(in_block):
                break
            _AWHILE.wait(_TURN)
        return super()._ask(in_block)

    async def _arrive(self, in_block: bool) -> None:
        import asyncio

        for _ in self._turns():
            if self._has_come(in_block):
                break
            await asyncio.sleep(_TURN)
        self._patience = 0.0

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            await self._arrive(in_block=True)
        self.__exit__(kind, error, traceback)

    def _turns(self) -> range:
        """How often to look: by number, for the clocks of this process may stand still."""
        return range(round(self._patience / _TURN))

    def _has_come(self, in_block: bool) -> bool:
        """Whether waiting is of no more use: what is wanted is there, or what is not wanted."""
        verdict = self._judge(in_block)
        count = self.expectation.count
        return len(verdict.matched) >= max(count.least, 1) or bool(verdict.misfits)

    def _answer(self, in_block: bool) -> Answer:
        self._verdict = self._judge(in_block)
        return VerdictAnswer(self._verdict, self.session)

    def _judge(self, in_block: bool) -> Verdict:
        start = (self._start or 0) if in_block else 0
        verdict = judge(self.expectation, self.expectation.population.since(self.session.engine, start), in_block)
        self.session.asked_about(self.expectation, verdict)
        return verdict

    @property
    def _base(self) -> Expectation:
        """What a modifier starts from. The matcher that it narrows, or refuses to, is not itself to be asked."""
        self.is_asked = True
        return self.expectation

    def _narrowed(self, condition: Condition) -> JobMatcher:
        return self._next(self._base.with_condition(condition), condition.written)

    def _next(self, expectation: Expectation, written: str) -> JobMatcher:
        matcher = JobMatcher(self.session, self._word, expectation, (*self._written, written))
        matcher._patience = self._patience
        return matcher

    def __repr__(self) -> str:
        target = self.expectation.target
        return ".".join([f"{self._word}({'' if target is None else target.shown})", *self._written])


@dataclass(slots=True)
class VerdictAnswer:
    """The verdict on one matcher."""

    verdict: Verdict
    session: JobSession

    @property
    def is_met(self) -> bool:
        return self.verdict.is_met

    @property
    def is_ambiguous(self) -> bool:
        return self.verdict.is_ambiguous

    def text(self, negated: bool = False) -> str:
        return failure_text(self.verdict, self.session, negated)


class HaveJob:
    """`have_enqueued_job` and its kin: called with a job, gives a matcher; without one, it is about any job."""

    def __init__(self, session: JobSession, word: str, population: Population) -> None:
        self._session = session
        self._word = word
        self._population = population

    def __call__(self, job: object = None) -> JobMatcher:
        target = None if job is None else target_of(job, self._session.captures)
        return JobMatcher(self._session, self._word, Expectation(self._population, target))

    def __bool__(self) -> bool:
        raise ConfigError(f"assert {self._word}: it was not called; write assert {self._word}(job), or () for any job")

    def __repr__(self) -> str:
        return self._word
