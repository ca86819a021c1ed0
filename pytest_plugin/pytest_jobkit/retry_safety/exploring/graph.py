"""The graph of durable states: covers every sequence of faults, of any length, in a finite number of deliveries.

A node is a durable state in which a delivery can start, an edge is one delivery with at most one fault. From every node
the undisturbed deliveries must reach the goal; then each fault that fits is tried. When no new state turns up, the
verdict holds for any number of faults (one in a delivery), since a job depends on nothing but its arguments and the
durable state.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Hashable
from dataclasses import dataclass, field

from pytest_jobkit.retry_safety.exploring.concurrent.zombie import deliver_with_zombie
from pytest_jobkit.retry_safety.exploring.duplicates import deliver_again
from pytest_jobkit.retry_safety.exploring.faults import Fault, FaultKind, Schedule, rank
from pytest_jobkit.retry_safety.exploring.growth import growing_data
from pytest_jobkit.retry_safety.exploring.scene import Delivered, Saved, Scene
from pytest_jobkit.retry_safety.exploring.search import Failure, Meter, Search, Tried, fitting_faults, note
from pytest_jobkit.retry_safety.judging.findings import Finding, FindingKind, deadlock
from pytest_jobkit.retry_safety.judging.observation import Final, observe


@dataclass(slots=True)
class Node:
    """A durable state.

    Attributes:
        saved: the state itself.
        path: the simplest schedule that leads to it.
        deliveries: how many deliveries there were on the way.
        also: other schedules with as many faults that lead to it.
        trace: the first undisturbed delivery from here.
    """

    saved: Saved
    path: Schedule
    deliveries: int
    also: list[Schedule] = field(default_factory=list)
    trace: Delivered | None = None


class _OutOfBudget(Exception):
    """The budget ended in the middle of a level."""


class GraphSearch:
    """One exploration of the graph.

    Args:
        scene: where; its world can be put back.
        root: the state before the first delivery.
        goal: the end without faults.
        meter: the budget.
        late: whether redeliveries also come late.
        depth: the most faults in one schedule; None goes on until the graph closes.
    """

    def __init__(
        self, scene: Scene, root: Saved, goal: Final, meter: Meter, late: bool, depth: int | None = None
    ) -> None:
        self._scene = scene
        self._root = root
        self._goal = goal
        self._meter = meter
        self._late = late
        self._depth = depth
        self._known: dict[Hashable, Node] = {}
        self._at_once: list[Failure] = []  # acknowledged in spite of a fault, with another end
        self.search = Search()

    def run(self, every: bool = False) -> Search:
        """Explore until the graph closes, a level has failures, or the budget ends.

        Args:
            every: go on from the states that are safe after a level with failures.
        """
        search = self.search
        self._scene.restore(self._root)
        root = Node(self._root, (), 0)
        self._known[(self._scene.key(), 0)] = root
        level = [root]
        try:
            for faults in itertools.count():
                failures = self._settle_all(level) + self._at_once
                search.failures += sorted(failures, key=lambda failure: rank(failure.schedule))
                self._at_once = []
                search.complete = faults
                if (search.failures and not every) or faults == self._depth:
                    break
                level = self._expand_all([node for node in level if node.trace is not None])
                if not level and not self._at_once:
                    search.closed, search.complete = True, None
                    break
        except _OutOfBudget:
            search.exhausted = True
            search.failures += sorted(self._at_once, key=lambda failure: rank(failure.schedule))
            search.growing = growing_data(
                self._scene, [node.saved for node in {len(node.path): node for node in self._known.values()}.values()]
            )
        search.states = len(self._known)
        search.deliveries = self._meter.deliveries
        return search

    def _settle_all(self, level: list[Node]) -> list[Failure]:
        failures = []
        for node in level:  # grows on the way, by the states between undisturbed deliveries
            findings = self._settle(node, level)
            if findings:
                failures.append(Failure(node.path, findings, node.also))
                self._mark(node, Tried.FAILED)
                node.trace = None
        return failures

    def _settle(self, node: Node, level: list[Node]) -> list[Finding]:
        """Deliver undisturbed from a node until the job is done, or never will be."""
        scene = self._scene
        scene.restore(node.saved)
        delivered = node.trace = self._deliver(node.deliveries + 1)
        while not delivered.acknowledged and delivered.number < node.deliveries + scene.setup.patience:
            key = (scene.key(), 0)
            if key not in self._known:
                between = self._known[key] = Node(scene.save(), node.path, delivered.number)
                level.append(between)
            if delivered.number + 1 == node.deliveries + scene.setup.patience:
                scene.advance(scene.longest_lease)
            delivered = self._deliver(delivered.number + 1)
        return self.search.judge(scene.setup, self._goal, observe(scene, delivered))

    def _expand_all(self, level: list[Node]) -> list[Node]:
        found: list[Node] = []
        for place, node in enumerate(level):
            assert node.trace is not None
            cells = None if node.path else self.search.cells
            self.search.partial = place / len(level)
            fitting = fitting_faults(self._scene.setup, node.trace, self._late, cells=cells)
            for fault in fitting:
                if self._meter.spent:
                    for left in (fault, *fitting):
                        note(cells, left, Tried.PENDING)
                    raise _OutOfBudget
                note(cells, fault, self._follow(node, fault, found))
        return found

    def _follow(self, node: Node, fault: Fault, found: list[Node]) -> Tried:
        """Take one edge."""
        scene = self._scene
        scene.restore(node.saved)
        path = (*node.path, fault)
        if fault.kind is FaultKind.DUP:
            self._deliver(fault.delivery)
            again, final = deliver_again(scene, fault)
            self._meter.deliveries += len(again)
            return self._judged_at_once(path, self.search.judge(scene.setup, self._goal, final))
        if fault.kind is FaultKind.ZOMBIE:
            self._meter.deliveries += 2
            at_once = deliver_with_zombie(scene, fault)
            if at_once.stuck:
                return self._judged_at_once(path, [deadlock(at_once.stuck)])
            first, second = at_once.deliveries
            delivered = first if second.acknowledged and not first.acknowledged else second
            delivered = dataclasses.replace(delivered, number=second.number, fired=first.fired)
        else:
            delivered = self._deliver(fault.delivery, (fault,))
        if not delivered.fired:
            self.search.unstable += 1
            return Tried.NOT_FIRED
        if delivered.acknowledged:
            return self._judged_at_once(path, self.search.judge(scene.setup, self._goal, observe(scene, delivered)))
        if scene.setup.always:
            broken = observe(scene, delivered).broken
            if broken is not None:
                return self._judged_at_once(path, [Finding(FindingKind.BROKEN, str(broken))])
        key = (scene.key(), fault.delay)
        known = self._known.get(key)
        if known is not None:
            self.search.merged += 1
            if len(known.path) == len(path):
                known.also.append(path)
            return Tried.MERGED
        fresh = self._known[key] = Node(scene.save(), path, delivered.number)
        found.append(fresh)
        return Tried.SAFE

    def _judged_at_once(self, path: Schedule, findings: list[Finding]) -> Tried:
        if findings:
            self._at_once.append(Failure(path, findings))
        return Tried.FAILED if findings else Tried.SAFE

    def _mark(self, node: Node, tried: Tried) -> None:
        for schedule in (node.path, *node.also):
            if len(schedule) == 1:
                note(self.search.cells, schedule[0], tried)

    def _deliver(self, number: int, faults: tuple[Fault, ...] = ()) -> Delivered:
        self._meter.deliveries += 1
        return self._scene.deliver(number, faults)
