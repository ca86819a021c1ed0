"""The bounded search: every schedule with one fault, then with two, and so on, each from the beginning.

Works with any world that a factory can make. Further faults are read off the trace of the run under the faults before
them, since recovery has effects of its own.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_jobkit.retry_safety.exploring.concurrent.zombie import deliver_with_zombie
from pytest_jobkit.retry_safety.exploring.duplicates import deliver_again
from pytest_jobkit.retry_safety.exploring.faults import Fault, FaultKind, Schedule
from pytest_jobkit.retry_safety.exploring.scene import Delivered, Scene
from pytest_jobkit.retry_safety.exploring.search import Failure, Meter, Search, Tried, fitting_faults, note
from pytest_jobkit.retry_safety.judging.findings import deadlock
from pytest_jobkit.retry_safety.judging.observation import Final, observe

if TYPE_CHECKING:
    from pytest_jobkit.retry_safety.exploring.concurrent.run import AtOnceRun


@dataclass(slots=True)
class Run:
    """One schedule, from a fresh world to the end.

    Attributes:
        schedule: the faults.
        deliveries: how each delivery went.
        final: the end; None if the run was left because its state was known.
        fired: how many of the faults struck.
        at_once: who went on when, if deliveries ran at once.
    """

    schedule: Schedule
    deliveries: list[Delivered]
    final: Final | None
    fired: int
    at_once: AtOnceRun | None = None


def run_schedule(scene: Scene, schedule: Schedule = (), seen: set[Hashable] | None = None) -> Run:
    """`play` in a fresh world."""
    scene.open()
    return play(scene, schedule, seen)


def play(scene: Scene, schedule: Schedule = (), seen: set[Hashable] | None = None) -> Run:
    """Run a schedule in the world on stage, then deliver undisturbed until the job is done or never will be.

    Args:
        scene: where.
        schedule: the faults.
        seen: states after the last fault; the run is left as soon as it reaches one of them, and adds its own.
    """
    last = max((fault.delivery for fault in schedule), default=0)
    at_once: AtOnceRun | None = None
    deliveries: list[Delivered] = []
    fired = 0
    broken: AssertionError | None = None
    while len(deliveries) < last + scene.setup.patience:
        number = len(deliveries) + 1
        if number == last + scene.setup.patience:
            scene.advance(scene.longest_lease)
        faults = tuple(fault for fault in schedule if fault.delivery == number)
        kinds = {fault.kind: fault for fault in faults}
        if FaultKind.ZOMBIE in kinds:
            at_once = deliver_with_zombie(scene, kinds[FaultKind.ZOMBIE])
            if at_once.stuck:
                return Run(schedule, [*deliveries, *at_once.deliveries], None, 1, at_once)
            several = at_once.deliveries
            last = max(last, several[-1].number)
        else:
            several = [scene.deliver(number, tuple(fault for fault in faults if fault.kind is not FaultKind.DUP))]
        deliveries += several
        fired += sum(len(delivered.fired) for delivered in several)
        delivered = several[-1]
        if all(delivered.acknowledged for delivered in several):
            if FaultKind.DUP in kinds:
                again, final = deliver_again(scene, kinds[FaultKind.DUP])
                return Run(schedule, [*deliveries, *again], final, fired + 1)
            break
        if scene.setup.always and broken is None:
            broken = observe(scene, delivered).broken
        if seen is not None and delivered.number == last:
            state = (scene.key(), delivered.delay)
            if state in seen:
                return Run(schedule, deliveries, None, fired)
            seen.add(state)
    final = observe(scene, deliveries[-1])
    final.broken = final.broken or broken
    return Run(schedule, deliveries, final, fired, at_once)


def search_bounded(scene: Scene, goal: Final, base: Run, depth: int, meter: Meter, late: bool, every: bool) -> Search:
    """Try every schedule of up to `depth` faults.

    Args:
        scene: where.
        goal: the end without faults.
        base: the run without faults.
        depth: the most faults in one schedule.
        meter: the budget.
        late: whether redeliveries also come late.
        every: go on after the first number of faults that fails.
    """
    search = Search(runs=2)
    frontier = [base]
    seen: set[Hashable] | None = set() if scene.setup.merge else None
    for faults in range(1, depth + 1):
        survivors: list[Run] = []
        for place, parent in enumerate(frontier):
            for fault in _extensions(scene, parent, late, search if faults == 1 else None):
                if meter.spent:
                    search.exhausted = True
                    search.complete, search.partial = faults - 1, place / len(frontier)
                    note(search.cells if faults == 1 else None, fault, Tried.PENDING)
                    search.deliveries = meter.deliveries
                    return search
                run = run_schedule(scene, (*parent.schedule, fault), seen)
                search.runs += 1
                meter.deliveries += len(run.deliveries)
                tried = _judged(scene, goal, run, search)
                note(search.cells if faults == 1 else None, fault, tried)
                if tried is Tried.SAFE:
                    survivors.append(run)
        search.complete = faults
        if search.failures and not every:
            break
        frontier = survivors
        if not survivors and seen is not None and not search.failures:
            search.closed, search.complete = True, None
            break
    search.states = len(seen or ())
    search.deliveries = meter.deliveries
    return search


def _judged(scene: Scene, goal: Final, run: Run, search: Search) -> Tried:
    if run.at_once is not None and run.at_once.stuck:
        search.failures.append(Failure(run.schedule, [deadlock(run.at_once.stuck)]))
        return Tried.FAILED
    if run.final is None:
        search.merged += 1
        return Tried.MERGED
    if run.fired < len(run.schedule):
        search.unstable += 1
        return Tried.NOT_FIRED
    findings = search.judge(scene.setup, goal, run.final)
    if findings:
        search.failures.append(Failure(run.schedule, findings))
        return Tried.FAILED
    return Tried.SAFE


def _extensions(scene: Scene, parent: Run, late: bool, search: Search | None) -> Iterator[Fault]:
    """The faults that may follow the last one of a schedule."""
    first, start = 1, 0
    if parent.schedule:
        last = parent.schedule[-1]
        survived = last.kind in (FaultKind.BEFORE, FaultKind.AFTER, FaultKind.WRONG)
        first = last.delivery if survived else last.delivery + (2 if last.kind is FaultKind.ZOMBIE else 1)
        if last.kind is FaultKind.DUP:
            return
        start = last.at + 1 if survived else 0
    for delivered in parent.deliveries[first - 1 :]:
        begin = start if delivered.number == first else 0
        yield from fitting_faults(scene.setup, delivered, late, begin, search.cells if search else None)
