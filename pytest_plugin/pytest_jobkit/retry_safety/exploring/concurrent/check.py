"""The concurrent part of a check: which deliveries run at once, and which ends are right."""

from __future__ import annotations

import itertools

from pytest_jobkit.retry_safety.delivering.function import Performance
from pytest_jobkit.retry_safety.exploring.bounded import Run
from pytest_jobkit.retry_safety.exploring.concurrent.interleavings import InterleavingSearch
from pytest_jobkit.retry_safety.exploring.concurrent.process_locks import locks_of_workers
from pytest_jobkit.retry_safety.exploring.scene import Delivered, Saved, Scene
from pytest_jobkit.retry_safety.exploring.search import Meter, Search
from pytest_jobkit.retry_safety.judging.observation import Final, observe


def search_interleavings(scene: Scene, goal: Final, start: Saved | None, meter: Meter, every: bool) -> Search:
    """Try the orders that the setup asks for."""
    setup = scene.setup
    with locks_of_workers(shared=setup.one_process):
        return _search(scene, goal, start, meter).run(setup.preemptions, every)


def replay_order(scene: Scene, goal: Final, start: Saved | None, meter: Meter, order: str) -> tuple[Run, Search]:
    """Run one order.

    Raises:
        AssertionError: the deliveries cannot go on in that order any more.
        ValueError: the order names a delivery that there is not.
    """
    search = _search(scene, goal, start, meter)
    most = len(_performances(scene))
    if max(map(int, order), default=0) > most:
        raise ValueError(f"'rs1:i={order}' needs {max(order)} deliveries at once; this check has {most}: set copies=")
    with locks_of_workers(shared=scene.setup.one_process):
        run = search.replay(order)
    return run, search.search


def _search(scene: Scene, goal: Final, start: Saved | None, meter: Meter) -> InterleavingSearch:
    goals = serial_goals(scene, start) if scene.beside else [goal]
    return InterleavingSearch(scene, _performances(scene), goals, start, meter)


def _performances(scene: Scene) -> list[Performance]:
    if scene.beside:
        return [scene.performance, *scene.beside]
    return [scene.performance] * max(2, scene.setup.copies)


def serial_goals(scene: Scene, start: Saved | None) -> list[Final]:
    """The ends of different messages delivered one after the other, in each order: any of them is right."""
    goals = []
    for order in itertools.permutations([scene.performance, *scene.beside]):
        if start is None:
            scene.open()
        else:
            scene.restore(start)
        last: Delivered | None = None
        for performance in order:
            for number in range(1, scene.setup.patience + 1):
                last = scene.deliver(number, performance=performance)
                if last.acknowledged:
                    break
        assert last is not None
        goals.append(observe(scene, last))
    return goals
