"""`assert_enqueued_jobs` and its kin, as in ActiveJob's TestHelper: at once, or about a block.

Without a block the enqueued ones look at what waits at this moment, retries included; with one, at all that the
block enqueued, be it performed meanwhile or not. The performed ones perform what their block enqueues, at its end.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from jobkit import ConfigError
from jobkit.clock import epoch_seconds
from jobkit.selection import is_predicate, selector
from pytest_jobkit.calling import Use, use_of_call
from pytest_jobkit.matchers.count import Count
from pytest_jobkit.matchers.expectation import Expectation
from pytest_jobkit.matchers.matcher import JobMatcher
from pytest_jobkit.matchers.sighting import PERFORMED, Population
from pytest_jobkit.matchers.target import Selection, target_of

if TYPE_CHECKING:
    from pytest_jobkit.session import JobSession

#: pytest leaves these frames out of tracebacks: an error is about the line of the test that leads here
__tracebackhide__ = True

_UNSET: Any = object()


class _PerformingMatcher(JobMatcher):
    """Performs what its block enqueued before it looks; the selection is that of the assertion."""

    policy: dict[str, Any]

    def __enter__(self) -> Self:
        self._performing = self.session.perform_enqueued_jobs.block(**self.policy)
        super().__enter__()
        self._performing.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._performing.__exit__(kind, error, traceback)
        super().__exit__(kind, error, traceback)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._performing.__aexit__(kind, error, traceback)
        super().__exit__(kind, error, traceback)


class _Assertion:
    def __init__(self, session: JobSession, word: str, now: Population, in_block: Population) -> None:
        self._session = session
        self._word = word
        self._now = now
        self._in_block = in_block

    def _matcher(self, use: Use, written: tuple[str, ...], policy: dict[str, Any]) -> JobMatcher:
        population = self._now if use is Use.ALONE else self._in_block
        expectation = Expectation(population)
        if use is not Use.ALONE and population is PERFORMED:
            matcher = _PerformingMatcher(self._session, self._word, expectation, written)
            matcher.policy = policy
            return matcher
        return JobMatcher(self._session, self._word, expectation, written)

    def __repr__(self) -> str:
        return self._word


class AssertCount(_Assertion):
    """`assert_enqueued_jobs`, `assert_performed_jobs`, and, with `number` fixed at 0, `assert_no_...`."""

    def __init__(
        self, session: JobSession, word: str, now: Population, in_block: Population, number: int | None = None
    ) -> None:
        super().__init__(session, word, now, in_block)
        self._number = number

    def __call__(
        self, number: int | None = None, *, only: Any = None, except_: Any = None, queue: Any = None
    ) -> JobMatcher:
        """Raise AssertionError unless exactly `number` jobs are there, now or from the block.

        Args:
            only, except_: a job, several, or a predicate of a `JobRecord`; not both.
            queue: a queue's name, or several.

        Returns the matcher: its `jobs` are the jobs found.
        """
        use = use_of_call()
        if (number is None) is (self._number is None):
            wanted = "takes no number" if self._number is not None else "needs a number of jobs"
            raise ConfigError(f"{self._word}(): it {wanted}")
        count = Count().exactly(number if number is not None else 0, self._word)
        target = self._selection(only, except_, queue)
        matcher = self._matcher(use, (), {"only": only, "except_": except_, "queue": queue})
        matcher.expectation = Expectation(matcher.expectation.population, target, (), count)
        return matcher.verify() if use is Use.ALONE else matcher

    def _selection(self, only: Any, except_: Any, queue: Any) -> Selection | None:
        chosen = selector(only, except_, queue)
        if chosen is None:
            return None
        shown = f"{self._shown(only)} job" if only is not None else "job"
        shown += f" other than {self._shown(except_)}" if except_ is not None else ""
        shown += f" on queue {queue!r}" if queue is not None else ""
        return Selection(shown, chosen)

    def _shown(self, chosen: Any) -> str:
        items = list(chosen) if isinstance(chosen, (list, tuple, set, frozenset)) else [chosen]
        return " or ".join(
            "such a" if is_predicate(item) else target_of(item, self._session.captures).shown for item in items
        )


class AssertWith(_Assertion):
    """`assert_enqueued_with` and `assert_performed_with`."""

    def __call__(
        self,
        job: Any = None,
        *,
        args: Any = _UNSET,
        kwargs: dict[str, Any] | None = None,
        at: datetime | Callable[[datetime | None], Any] | None = None,
        within: float = 0.0,
        queue: str | Callable[[str], Any] | None = None,
        priority: Any = _UNSET,
    ) -> JobMatcher:
        """Raise AssertionError unless at least one job is like that, now or from the block.

        Args:
            args: a list of positional arguments, or a predicate of that list; kwargs: keyword arguments.
            at: an aware datetime, give or take `within` seconds (ActiveJob would allow a second either way), or a
                predicate of the job's time; queue, priority: a value, or a predicate of it.

        Returns the matcher: its `jobs` are the jobs found, its `job` the only one.
        """
        use = use_of_call()
        session = self._session
        policy: dict[str, Any] = {"only": job, "queue": queue if isinstance(queue, str) else None}
        target = None if job is None else target_of(job, session.captures)
        matcher = asking = self._matcher(use, (), policy)
        asking.is_asked = True
        matcher.expectation = Expectation(matcher.expectation.population, target, (), Count().at_least(1))
        if callable(args):
            matcher = matcher.where(_asking(args, lambda record: list(record.arguments)))
        elif args is not _UNSET or kwargs is not None:
            matcher = matcher.with_args(*([] if args is _UNSET else args), **(kwargs or {}))
        if callable(at):
            matcher = matcher.where(_asking(at, lambda record: record.scheduled_at))
        elif at is not None:
            epoch_seconds(at, f"{self._word}(at=)")
            matcher = matcher.at(at, within)
        if callable(queue):
            matcher = matcher.where(_asking(queue, lambda record: record.queue_name))
        elif queue is not None:
            matcher = matcher.on_queue(queue)
        if callable(priority):
            matcher = matcher.where(_asking(priority, lambda record: record.priority))
        elif priority is not _UNSET:
            matcher = matcher.with_priority(priority)
        if use is Use.ALONE:
            return matcher.verify()
        asking.expectation = matcher.expectation
        matcher.is_asked = True
        asking.is_asked = False
        return asking


def _asking(predicate: Callable[[Any], Any], value: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def asked(record: Any) -> Any:
        return predicate(value(record))

    asked.__name__ = getattr(predicate, "__name__", repr(predicate))
    return asked
