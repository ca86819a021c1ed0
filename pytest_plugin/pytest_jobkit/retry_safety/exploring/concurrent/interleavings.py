"""Tries the orders in which deliveries at once may go on: all with few preemptions, or all of them.

Every order is run from the beginning. With a bound on preemptions (switches away from a delivery that could go on) the
orders with the fewest come first, so the first failure needs no shrinking. Without a bound, sleep sets leave out orders
that differ from another one only in effects that do not touch each other; the two do not go together, since the order
that stands for the others may be beyond the bound.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from pytest_jobkit.retry_safety.delivering.function import Performance
from pytest_jobkit.retry_safety.effects.record import Effect
from pytest_jobkit.retry_safety.exploring.bounded import Run
from pytest_jobkit.retry_safety.exploring.concurrent.conflicts import conflict
from pytest_jobkit.retry_safety.exploring.concurrent.run import AtOnceRun, AtOnceRunner, Step, StepChoice
from pytest_jobkit.retry_safety.exploring.faults import interleaving
from pytest_jobkit.retry_safety.exploring.scene import Delivered, Saved, Scene
from pytest_jobkit.retry_safety.exploring.search import Failure, Meter, Search
from pytest_jobkit.retry_safety.judging.findings import Finding, deadlock, judge
from pytest_jobkit.retry_safety.judging.observation import Final, observe

#: by copy, the effect that needs no try before something that conflicts with it has happened
Sleep = dict[int, Effect]


class _Branch(NamedTuple):
    """Orders that begin alike and have not been tried."""

    preemptions: int
    number: int
    choices: tuple[int, ...]
    sleep: Sleep


@dataclass(slots=True)
class _Pick:
    """Follows the choices, then stays with whoever is running; notes who sleeps before each step."""

    choices: tuple[int, ...]
    sleep: Sleep
    reduced: bool
    asleep: list[Sleep] = field(default_factory=list)
    now: Sleep = field(default_factory=dict)

    def __call__(self, choice: StepChoice) -> int | None:
        given = choice.number < len(self.choices)
        if self.reduced and choice.number == len(self.choices):
            self.now = self.sleep
        if given:
            copy = self.choices[choice.number]
            if copy not in choice.enabled:
                return None
        else:
            awake = [copy for copy in choice.enabled if copy not in self.now]
            if not awake:
                return None
            copy = choice.before if choice.before in awake else awake[0]
        self.asleep.append(self.now)
        if not given:
            done = choice.pending[copy]
            self.now = {other: what for other, what in self.now.items() if other != copy and not _conflict(what, done)}
        return copy


def _conflict(one: Effect | None, two: Effect | None) -> bool:
    return one is None or two is None or conflict(one, two)


class InterleavingSearch:
    """Explores the orders of several deliveries at once.

    Args:
        scene: where.
        performances: one for each delivery.
        goals: the ends that are right; a run must reach one of them.
        start: the state to start from, if the world can be put back.
        meter: the budget.
    """

    def __init__(
        self, scene: Scene, performances: list[Performance], goals: list[Final], start: Saved | None, meter: Meter
    ) -> None:
        self._scene = scene
        self._performances = performances
        self._goals = goals
        self._start = start
        self._meter = meter
        self._alike = all(performance is performances[0] for performance in performances)
        self.search = Search()

    def run(self, preemptions: int | None, every: bool = False) -> Search:
        """Try every order.

        Args:
            preemptions: the bound; None tries all orders, with sleep sets.
            every: go on after the first failure.
        """
        for _ in self.explore(preemptions, reduced=preemptions is None):
            if self.search.failures and not every:
                return self.search
        self.search.closed = preemptions is None and not self.search.exhausted
        return self.search

    def explore(self, preemptions: int | None, *, reduced: bool) -> Iterator[Run]:
        """Run one order after the other."""
        search = self.search
        numbers = itertools.count()
        branches = [_Branch(0, next(numbers), (), {})]
        while branches:
            if self._meter.spent:
                search.exhausted = True
                search.partial = search.runs / (search.runs + len(branches))
                return
            branch = heapq.heappop(branches)
            pick = _Pick(branch.choices, branch.sleep, reduced)
            went = self._go(pick)
            search.runs += 1
            self._meter.deliveries += len(went.deliveries)
            search.deliveries = self._meter.deliveries
            if went.redundant:
                search.merged += 1
            else:
                run = Run((interleaving(went.order),), went.deliveries, None, 1, went)
                self._judge(run)
                yield run
            for alternative in self._alternatives(branch, went.steps, pick, reduced):
                if preemptions is None or alternative[0] <= preemptions:
                    cost, choices, sleep = alternative
                    heapq.heappush(branches, _Branch(cost, next(numbers), choices, sleep))

    def replay(self, order: str) -> Run:
        """Run one order.

        Raises:
            AssertionError: the deliveries cannot go on in that order any more.
        """
        went = self._go(_Pick(tuple(int(digit) - 1 for digit in order), {}, False))
        if went.redundant or (order and not went.stuck and went.order != order):
            raise AssertionError(
                f"the pinned order i={order} does not fit any more: the deliveries went on as {went.order or '-'}. If "
                "the job has changed on purpose, run the check without @replay and pin what it prints."
            )
        run = Run((interleaving(order),), went.deliveries, None, 1, went)
        self._judge(run)
        return run

    def _go(self, pick: _Pick) -> AtOnceRun:
        scene = self._scene
        if self._start is None:
            scene.open()
        else:
            scene.restore(self._start)
        return AtOnceRunner(scene, self._performances, patience=scene.setup.patience).run(pick)

    def _judge(self, run: Run) -> None:
        assert run.at_once is not None
        findings: list[Finding] = []
        if run.at_once.stuck:
            findings.append(deadlock(run.at_once.stuck))
        if run.deliveries and not run.at_once.stuck:
            last = next((d for d in reversed(run.deliveries) if _never_done(d, run)), run.deliveries[-1])
            run.final = observe(self._scene, last)
            against: list[list[Finding]] = [judge(self._scene.setup, goal, run.final) for goal in self._goals]
            nearest: list[Finding] = min(against, key=lambda found: len(found))
            findings += nearest
        if findings:
            self.search.failures.append(Failure(run.schedule, findings))

    def _alternatives(
        self, branch: _Branch, steps: list[Step], pick: _Pick, reduced: bool
    ) -> Iterator[tuple[int, tuple[int, ...], Sleep]]:
        """The orders that leave this one for the first time behind the choices that were given."""
        cost = branch.preemptions
        chosen = tuple(step.copy for step in steps)
        for number in range(len(branch.choices), len(steps)):
            step = steps[number]
            sleep = pick.asleep[number]
            tried = [step.copy]
            for other in step.enabled:
                if other == step.copy or (reduced and other in sleep):
                    continue
                if number == 0 and self._alike:
                    continue  # whichever of equal deliveries begins is called the first
                extra = step.before in step.enabled and other != step.before and number > 0
                inner = {}
                if reduced:
                    effect = step.pending[other]
                    known = {**sleep, **{copy: what for copy in tried if (what := step.pending[copy]) is not None}}
                    inner = {copy: what for copy, what in known.items() if not _conflict(what, effect)}
                yield cost + extra, (*chosen[:number], other), inner
                tried.append(other)
            if number > 0 and step.before in step.enabled and step.copy != step.before:
                cost += 1


def _never_done(delivered: Delivered, run: Run) -> bool:
    """Whether this is the last delivery of a copy that was never acknowledged."""
    copies = [other for other in run.deliveries if other.copy == delivered.copy]
    return copies[-1] is delivered and not copies[-1].acknowledged
