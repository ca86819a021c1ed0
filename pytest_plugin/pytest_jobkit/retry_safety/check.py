"""One check from beginning to end: hooks, undisturbed runs, the search, the verdict."""

from __future__ import annotations

import functools
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from pytest_jobkit.retry_safety.channels import Patches, wanted_channels
from pytest_jobkit.retry_safety.delivering.calls import Call
from pytest_jobkit.retry_safety.delivering.function import LoopOfTheWorker, Performance
from pytest_jobkit.retry_safety.delivering.queue import open_queue
from pytest_jobkit.retry_safety.delivering.queued import performance_of
from pytest_jobkit.retry_safety.effects.ledger import Entry
from pytest_jobkit.retry_safety.exploring.bounded import Run, play, run_schedule, search_bounded
from pytest_jobkit.retry_safety.exploring.concurrent.check import replay_order, search_interleavings
from pytest_jobkit.retry_safety.exploring.duplicates import deliver_others
from pytest_jobkit.retry_safety.exploring.faults import FaultKind, Schedule, encode
from pytest_jobkit.retry_safety.exploring.graph import GraphSearch
from pytest_jobkit.retry_safety.exploring.labels import locate
from pytest_jobkit.retry_safety.exploring.scene import Saved, Scene
from pytest_jobkit.retry_safety.exploring.search import Failure, Meter, Search
from pytest_jobkit.retry_safety.exploring.undisturbed import Undisturbed, compare_undisturbed_runs
from pytest_jobkit.retry_safety.judging.findings import Finding, deadlock, judge
from pytest_jobkit.retry_safety.judging.observation import Final, observe
from pytest_jobkit.retry_safety.reporting.report import Report, Verdict, channel_reports
from pytest_jobkit.retry_safety.setup import Setup
from pytest_jobkit.retry_safety.worlds.process_memory import ProcessMemory

#: the depth of the search where a world can only be made anew
DEPTH_WITHOUT_SAVING = 2


def check(setup: Setup, *, every: bool = False) -> Report:
    """Check one call for retry safety.

    Args:
        setup: what, in which world, how far.
        every: collect all failing schedules, instead of stopping at the smallest number of faults that fails.

    Raises:
        TypeError: the job cannot be called with the arguments.
    """
    meter = Meter(setup.budget)
    with on_stage(setup) as scene:
        base = compare_undisturbed_runs(scene)
        report = Report(setup, Verdict.SAFE, base.run, notes=base.notes, problems=base.problems)
        if base.verdict is not None:
            report.verdict = base.verdict
        else:
            _search(scene, base, meter, report, every)
            _note_loss(scene, report)
        report.seconds = meter.seconds
    return report


def replay_schedule(setup: Setup, schedule: Schedule, label: str = "", *, drop_unfired: bool = False) -> Report:
    """Run one schedule from a fresh world and judge its end, without any search.

    Args:
        setup: what, in which world.
        schedule: the faults.
        label: the names of their places; the schedule is moved to where those are now.
        drop_unfired: leave out faults that find nothing to break, as in schedules drawn at random.

    Raises:
        AssertionError: a labelled place is gone.
    """
    meter = Meter(setup.budget)
    with on_stage(setup) as scene:
        base = compare_undisturbed_runs(scene)
        report = Report(setup, Verdict.SAFE, base.run, notes=base.notes, problems=base.problems, how="replay")
        if base.verdict is not None:
            report.verdict = base.verdict
        else:
            at_once = next((fault for fault in schedule if fault.kind is FaultKind.INTERLEAVE), None)
            if label and at_once is None:
                schedule, moved = locate(scene, schedule, label)
                report.notes += moved
            _goal_with_later_messages(scene, base)
            if at_once is not None:
                report.run, report.search = replay_order(scene, base.goal, base.saved, meter, at_once.order)
                report.failure = next(iter(report.search.failures), None)
            else:
                report.run = run_schedule(scene, schedule)
                if drop_unfired and report.run.fired < len(schedule):
                    schedule = tuple(fault for delivered in report.run.deliveries for fault in delivered.fired)
                    report.run = run_schedule(scene, schedule)
                findings = _findings(setup, base.goal, report.run)
                if findings:
                    report.failure = Failure(schedule, findings)
                    report.search.failures.append(report.failure)
            if report.failure is not None:
                report.verdict = Verdict.UNSAFE
            _note_loss(scene, report)
        report.seconds = meter.seconds
    return report


@contextmanager
def on_stage(setup: Setup) -> Iterator[Scene]:
    """Everything in place for deliveries: hooks, random numbers, the job's way of running; undone at the end."""
    patches, hooks = Patches(), Patches()
    channels = wanted_channels()
    memory = ProcessMemory(setup.forget)
    loop = LoopOfTheWorker()
    try:
        memory.install(patches)
        _silence_logs(patches)
        with open_queue() as (queue, captures), loop.open():
            performance = performance_of(setup.call, queue, captures, loop, setup.redelivery)
            try:
                for channel in channels:
                    channel.install(hooks)
                scene = Scene(setup, performance, channels, memory)
                scene.perform = functools.partial(performance_of, queue=queue, captures=captures, loop=loop)
                scene.beside = [scene.perform(call) for call in setup.against]
                scene.later = [scene.perform(call) for call in setup.later]
                try:
                    yield scene
                finally:
                    scene.close()
            finally:
                # before the captures go, some of which have replaced the same functions first
                hooks.undo()
    finally:
        patches.undo()


def performance_on(scene: Scene, call: Call) -> Performance:
    """Another message for a stage that is set."""
    performance = scene.perform(call)
    scene.runtime.files |= {code.co_filename for code in performance.codes()}
    return performance


def _silence_logs(patches: Patches) -> None:
    """Thousands of injected errors, each with its traceback in somebody's log, would bury the report."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    patches.call_at_end(lambda: logging.disable(before))


def _note_loss(scene: Scene, report: Report) -> None:
    """Say that the framework, and not the body, has lost the job."""
    if report.run is not None and any(scene.is_lost(delivered.outcome) for delivered in report.run.deliveries):
        report.notes.insert(
            0,
            f"{scene.setup.call.name} is acknowledged before it runs (at most once): its worker was killed, and nobody "
            "delivers it again. Acknowledge it late where the framework can, or sweep for work left half done.",
        )


def _search(scene: Scene, base: Undisturbed, meter: Meter, report: Report, every: bool) -> None:
    setup = scene.setup
    _saturate(scene, base.goal)
    _goal_with_later_messages(scene, base)
    if setup.kinds.kinds == (FaultKind.INTERLEAVE,):
        report.search = Search(complete=None, closed=True)
    else:
        _search_faults(scene, base, meter, report, every)
    if FaultKind.INTERLEAVE in setup.kinds.kinds and (every or not report.search.failures):
        _search_orders(scene, base, meter, report, every)
    report.verdict = _verdict(setup, report)
    counted: Counter[str] = Counter()
    for entry, count in base.goal.counts.items():
        counted[entry.channel] += count
    report.channels = channel_reports(counted, report.search.most, report.search.least)


def _search_orders(scene: Scene, base: Undisturbed, meter: Meter, report: Report, every: bool) -> None:
    start = _fresh_start(scene, base)
    orders = search_interleavings(scene, base.goal, start, meter, every)
    if orders.failures and start is not None:
        order = orders.failures[0].schedule[0].order
        report.run, confirmed = replay_order(scene, base.goal, None, meter, order)
        if not confirmed.failures:
            report.notes.append(f"putting the world back did not restore everything: i={order} passes in a fresh world")
            orders = search_interleavings(scene, base.goal, None, meter, every)
    report.orders = orders
    report.how = report.how or "interleave"
    report.search.failures += orders.failures
    report.search.exhausted |= orders.exhausted
    report.search.deliveries = meter.deliveries
    if orders.failures and report.failure is None:
        report.failure = orders.failures[0]
        report.run, _again = replay_order(scene, base.goal, None, meter, report.failure.schedule[0].order)


def _fresh_start(scene: Scene, base: Undisturbed) -> Saved | None:
    """The state before the first delivery in a new world, if worlds can be put back."""
    if base.saved is None:
        return None
    scene.open()
    base.saved = scene.save()
    return base.saved


def _goal_with_later_messages(scene: Scene, base: Undisturbed) -> None:
    """What a duplicate after later messages is compared with: the same messages without the duplicate."""
    if scene.later:
        scene.open()
        first = play(scene).deliveries[-1]
        deliver_others(scene, 0)
        scene.goal_with_later_messages = observe(scene, first)
        _fresh_start(scene, base)


def _search_faults(scene: Scene, base: Undisturbed, meter: Meter, report: Report, every: bool) -> None:
    setup = scene.setup
    late = base.reads_the_clock
    search: Search | None = None
    if setup.faults in (None, "any") and base.saved is not None:
        search = GraphSearch(scene, base.saved, base.goal, meter, late).run(every)
        report.how = "graph"
        if search.failures and not _confirm(scene, base.goal, search, report):
            report.notes.append(
                f"putting the world back did not restore everything: {encode(search.failures[0].schedule)} fails in a "
                "world that was put back and passes in a fresh one; each schedule was run in a fresh world instead"
            )
            search = None
    if search is None:
        depth = setup.faults if isinstance(setup.faults, int) else DEPTH_WITHOUT_SAVING
        meter.deliveries = 0
        search = search_bounded(scene, base.goal, base.run, depth, meter, late, every)
        report.how = "bounded"
        _confirm(scene, base.goal, search, report)
    report.search = search


def _verdict(setup: Setup, report: Report) -> Verdict:
    search = report.search
    if search.failures:
        return Verdict.UNSAFE
    if report.orders is not None and report.orders.exhausted:
        return Verdict.INCOMPLETE
    if search.closed:
        return Verdict.SAFE
    unlimited_was_asked = setup.faults == "any"
    return Verdict.INCOMPLETE if search.exhausted or unlimited_was_asked else Verdict.SAFE


def _findings(setup: Setup, goal: Final, run: Run) -> list[Finding]:
    if run.at_once is not None and run.at_once.stuck:
        return [deadlock(run.at_once.stuck)]
    assert run.final is not None
    return judge(setup, goal, run.final)


def _confirm(scene: Scene, goal: Final, search: Search, report: Report) -> bool:
    """Run the first failing schedule once more from a fresh world, for its story."""
    if not search.failures:
        return True
    failure = search.failures[0]
    run = run_schedule(scene, failure.schedule)
    findings = _findings(scene.setup, goal, run)
    if not findings:
        return False
    failure.findings = findings
    report.failure, report.run = failure, run
    return True


def _saturate(scene: Scene, goal: Final) -> None:
    """Where any number is allowed, all numbers above the goal's are one state; else no such graph would close."""
    setup = scene.setup
    if not any(policy.allows_more for policy in setup.policies.values()):
        return

    def cap(entry: Entry) -> int | None:
        return goal.counts[entry] + 1 if setup.policy(entry.channel).allows_more else None

    scene.cap = cap
