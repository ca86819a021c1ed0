"""The entry points: a decorator, a plain call, a pinned schedule."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypeVar, cast

from pytest_jobkit.retry_safety.asked import noted, run_check
from pytest_jobkit.retry_safety.check import replay_schedule
from pytest_jobkit.retry_safety.delivering.calls import Call
from pytest_jobkit.retry_safety.exploring.faults import CONCURRENT, Schedule, decode, parse_kinds, with_copies
from pytest_jobkit.retry_safety.judging.policies import parse_policies
from pytest_jobkit.retry_safety.reporting.report import Report, Verdict
from pytest_jobkit.retry_safety.setup import Budget, Setup
from pytest_jobkit.retry_safety.worlds.world import World, as_world

Test = TypeVar("Test", bound=Callable[..., Any])


class NotRetrySafe(AssertionError):
    """A check did not end with "safe". Its text is the report.

    Attributes:
        report: the report as a value.
    """

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report


def make_setup(
    job: Any,
    arguments: tuple[Any, ...],
    *,
    world: Callable[..., Any],
    observe: Callable[[Any], Any] | None = None,
    faults: int | Literal["any"] | None = None,
    kinds: str | Iterable[str] | None = None,
    channels: Mapping[str, str] | None = None,
    volatile: Iterable[str] = (),
    budget: int | float | tuple[int, float] | Budget | None = None,
    patience: int = 5,
    collapse: int = 0,
    wrong: Mapping[str, list[Any]] | None = None,
    forget: Iterable[str] = (),
    always: bool = False,
    audit: bool = True,
    incomplete: Literal["fail", "allow"] = "fail",
    every_after: bool = False,
    merge: bool = True,
    copies: int = 1,
    preemptions: int | None = 2,
    against: Call | Iterable[Call] = (),
    later: Call | Iterable[Call] = (),
    one_process: bool = False,
    redelivery: Literal["assumed", "own"] = "assumed",
    isolation: Literal["reset", "fork"] = "reset",
    **kwarguments: Any,
) -> Setup:
    """The value behind every entry point; see `retry_safe` for the meaning of the settings."""
    if isinstance(job, Call):
        if arguments or kwarguments:
            raise TypeError(f"{job!r} has its arguments already; got {arguments!r} {kwarguments!r} as well")
        call = job
    else:
        call = Call(job, *arguments, **kwarguments)
    others = (against,) if isinstance(against, Call) else tuple(against)
    if copies < 1 or (preemptions is not None and preemptions < 0):
        raise ValueError(
            f"copies={copies}, preemptions={preemptions}: wanted at least 1 copy and 0 preemptions, or None"
        )
    at_once = copies > 1 or bool(others)
    wanted = with_copies(parse_kinds(kinds) if kinds or not at_once else None, at_once)
    if isolation == "fork" and (set(wanted.kinds) & CONCURRENT or not hasattr(os, "fork")):
        why = "this system cannot fork" if not hasattr(os, "fork") else "deliveries at once share one process"
        raise ValueError(f"isolation='fork' is not possible here: {why}; leave it out")
    return Setup(
        call=call,
        world=as_world(world),
        observe=observe,
        faults=faults,
        kinds=wanted,
        policies=parse_policies(channels),
        volatile=frozenset((volatile,) if isinstance(volatile, str) else volatile),
        budget=_budget(budget),
        patience=patience,
        collapse=collapse,
        wrong=wrong or {},
        forget=(forget,) if isinstance(forget, str) else tuple(forget),
        always=always,
        every_after=every_after,
        merge=merge,
        audit=audit,
        copies=copies,
        preemptions=preemptions,
        against=others,
        later=(later,) if isinstance(later, Call) else tuple(later),
        one_process=one_process,
        redelivery=_one_of("redelivery", redelivery, ("assumed", "own")),
        isolation=_one_of("isolation", isolation, ("reset", "fork")),
        allow_incomplete=incomplete == "allow",
    )


def _one_of(name: str, given: Any, words: tuple[str, ...]) -> Any:
    if given not in words:
        raise ValueError(f"{name}={given!r}: wanted one of {', '.join(map(repr, words))}")
    return given


def _budget(given: int | float | tuple[int, float] | Budget | None) -> Budget:
    match given:
        case None:
            return Budget()
        case Budget():
            return given
        case (deliveries, seconds):
            return Budget(deliveries, seconds)
        case int():
            return Budget(deliveries=given)
        case float():
            return Budget(seconds=given)
    raise TypeError(f"budget={given!r}: wanted deliveries (an int), seconds (a float) or both as a pair")


def verify(report: Report) -> Report:
    """The report, if its verdict is one that passes.

    Raises:
        NotRetrySafe: with the report as its text.
    """
    __tracebackhide__ = True
    allowed = report.verdict is Verdict.INCOMPLETE and report.setup.allow_incomplete
    if not report.safe and not allowed:
        raise NotRetrySafe(report)
    return report


def assert_retry_safe(
    job: Any, /, *arguments: Any, world: Callable[..., Any], schedule: str | Schedule | None = None, **settings: Any
) -> Report:
    """Check one call; settings as `retry_safe`, and ``observe=`` is the observer.

    Args:
        schedule: try only this one, a replay string or what `fault_schedules` draws; faults that find nothing to break
            are left out.

    Returns:
        The report of a check that passed.

    Raises:
        NotRetrySafe: somebody would notice; the text shows the smallest schedule, what they notice and the window in
            the job.
    """
    __tracebackhide__ = True
    setup = make_setup(job, arguments, world=world, **settings)
    if schedule is None:
        return verify(run_check(setup))
    faults = decode(schedule) if isinstance(schedule, str) else schedule
    return verify(noted(replay_schedule(setup, faults, drop_unfired=True)))


def retry_safe(job: Any, /, *arguments: Any, world: Callable[..., Any], **settings: Any) -> Callable[[Test], Test]:
    """Makes a test of an observer: the job survives every schedule of faults in every one of its worlds::

        @retry_safe(ChargeOrder, 1, world=shop, channels={"mail": at_least_once})
        def test_charge_order(shop):
            assert shop.db.count("payments") <= 1
            return shop.db.rows("orders", "payments")

    The decorated function gets the world as its first parameter, whatever that is called; further parameters, and those
    of the world's factory, are pytest fixtures. What it returns must be the same after every schedule; what it asserts
    must hold in every final state. If it returns nothing, all rows of the world's databases are compared.

    Args:
        job: a function, a coroutine function, a jobkit job, a task of a captured framework, or a `Call`.
        arguments: the job's positional arguments; unknown keywords are its keyword arguments.
        world: the factory, see `world`.
        settings: ``faults`` a number or "any" (default: any number if the world can be put back, else 2);
            ``kinds`` of faults, default "noack kill before after", also "term", "late", "wrong", "dup", "zombie",
            "interleave"; ``copies`` of the message at once (then, unless you name kinds, only their order is tried),
            with at most ``preemptions`` (None: every order); ``against`` other calls at once instead of copies;
            ``one_process`` if they share its locks; ``later`` calls that are delivered before a "dup";
            ``redelivery="own"`` if a job that is acknowledged before it runs is to be lost with its worker;
            ``isolation="fork"`` for a process of its own for each delivery;
            ``channels`` policies by channel; ``volatile`` columns ("orders.seen_at") and data of the world
            ("gateway.calls") that may differ; ``budget`` deliveries (int), seconds (float) or both;
            ``patience`` undisturbed deliveries after the last fault; ``collapse`` iterations of a loop to break;
            ``wrong`` answers by channel; ``forget`` module variables; ``always`` asserts after every failed delivery;
            ``audit`` of lines; ``incomplete="allow"`` lets a test pass whose budget ended first.
    """

    return lambda test: _as_test(RetrySafeTest(test, job, arguments, as_world(world), settings), test)


def replay(schedule: str, label: str = "") -> Callable[[Test], Test]:
    """Pins one schedule of a decorated test: only this one runs, each time, in milliseconds::

        @replay("rs1:1.kill3,2.kill7", label="http POST /charges @charge #1 / db commit @charge #1")
        @retry_safe(ChargeOrder, 1, world=shop)
        def test_two_crashes(shop): ...

    Args:
        schedule: the replay string that a report has printed.
        label: the names of the places that the report has printed with it. If the job has changed since, the schedule
            is moved to where those names are now; if they are gone, the test fails and says so.

    Raises:
        ValueError: the string is no replay string.
        TypeError: the test was not made by `retry_safe`.
    """
    faults = decode(schedule)

    def decorate(test: Test) -> Test:
        made = getattr(test, "__retry_safety__", None)
        if not isinstance(made, RetrySafeTest):
            raise TypeError(f"@replay goes above @retry_safe; {test!r} was not made by it")
        return _as_test(dataclasses.replace(made, pinned=faults, label=label), test)

    return decorate


@dataclasses.dataclass(frozen=True)
class RetrySafeTest:
    """A decorated test, before its fixtures are known."""

    observer: Callable[..., Any]
    job: Any
    arguments: tuple[Any, ...]
    world: World
    settings: dict[str, Any]
    pinned: Schedule | None = None
    label: str = ""

    @property
    def signature(self) -> inspect.Signature:
        """The fixtures that it wants: the observer's parameters after the world, and those of the world's factory."""
        _world, *own = inspect.signature(self.observer).parameters.values()
        wanted = {parameter.name: parameter for parameter in (*own, *self.world.parameters.values())}
        return inspect.Signature([p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in wanted.values()])

    def run(self, fixtures: Mapping[str, Any]) -> Report:
        """Check, or replay the pinned schedule."""
        own = list(inspect.signature(self.observer).parameters)[1:]
        observe = functools.partial(self.observer, **{name: fixtures[name] for name in own})
        setup = make_setup(self.job, self.arguments, world=self.world, observe=observe, **self.settings)
        setup = dataclasses.replace(setup, given={name: fixtures[name] for name in self.world.parameters})
        if self.pinned is None:
            return run_check(setup, remember=True)
        return noted(replay_schedule(setup, self.pinned, self.label))


def _as_test(made: RetrySafeTest, test: Test) -> Test:
    @functools.wraps(test)
    def checked(**fixtures: Any) -> None:
        __tracebackhide__ = True
        verify(made.run(fixtures))

    checked.__signature__ = made.signature  # type: ignore[attr-defined]  # what pytest reads the fixtures from
    checked.__retry_safety__ = made  # type: ignore[attr-defined]  # what @replay looks for
    return cast(Test, checked)
