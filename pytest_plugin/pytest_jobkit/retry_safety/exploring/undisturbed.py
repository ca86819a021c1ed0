"""The runs without faults: do they succeed, do two of them end alike, and what comes from the clock or from chance."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from pytest_jobkit.retry_safety.exploring.bounded import Run, play, run_schedule
from pytest_jobkit.retry_safety.exploring.faults import LATE_SECONDS
from pytest_jobkit.retry_safety.exploring.scene import Saved, Scene
from pytest_jobkit.retry_safety.judging.differences import Difference, table_differences, value_differences
from pytest_jobkit.retry_safety.judging.observation import Final, blur, without_columns
from pytest_jobkit.retry_safety.reporting.report import Verdict
from pytest_jobkit.retry_safety.worlds.tables import Tables

_CAUSES = (
    "usual causes: memory of the process (a module variable that says 'already done': name it in forget=), time, "
    "random numbers, the order of a set"
)


@dataclass(slots=True)
class Undisturbed:
    """What the runs without faults have shown.

    Attributes:
        run: the first one.
        verdict: why there can be no search; None if there can.
        saved: the state before the first delivery, if the world can be put back; it is on stage.
        reads_the_clock: whether the job looks at the time.
        notes: for the reader.
        problems: for the reader, if there can be no search.
    """

    run: Run
    verdict: Verdict | None = None
    saved: Saved | None = None
    reads_the_clock: bool = False
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def goal(self) -> Final:
        """The end that every schedule must reach."""
        assert self.run.final is not None
        return self.run.final


def compare_undisturbed_runs(scene: Scene) -> Undisturbed:
    """Run twice without a fault; once more on another day with other random numbers if the job looks at either."""
    base = Undisturbed(run_schedule(scene))
    if scene.has_found_stores():
        base = Undisturbed(run_schedule(scene))
    base.notes += scene.performance.notes
    scene.memory.note_random_numbers(base.run.deliveries[-1].number)
    base.reads_the_clock = scene.runtime.clock_was_read
    if not base.goal.done or base.goal.broken:
        return _fails(base)
    effects = [effect for delivered in base.run.deliveries for effect in delivered.effects]
    if base.goal.is_empty and (not effects or any(effect.durable for effect in effects)):
        base.verdict = Verdict.VACUOUS
        base.problems.append(
            "the world shows neither rows nor data nor an effect in the ledger: return what must not change from the "
            "observer, let the world yield its database, or report the job's client with effect(...)"
        )
        return base
    if base.reads_the_clock or scene.memory.random_was_read:
        _find_volatile(scene, base)
    scene.open()
    unsavable = scene.unsavable()
    if unsavable:
        base.notes.append(f"each schedule in a fresh world: {unsavable[0]}")
    else:
        base.saved = scene.save()
    again = play(scene)
    assert again.final is not None
    differences = _differences(base.goal, again.final)
    if differences or _story(again) != _story(base.run):
        return _not_deterministic(base, again, differences)
    return base


def _fails(base: Undisturbed) -> Undisturbed:
    base.verdict = Verdict.BROKEN
    last = base.run.deliveries[-1]
    if base.goal.broken is not None:
        base.problems.append(f"the observer's assertion does not hold without any fault: {base.goal.broken}")
    else:
        base.problems.append(f"{last.number} deliveries, the last one: {last.outcome.kind} {last.outcome.error!r}")
    return base


def _not_deterministic(base: Undisturbed, again: Run, differences: list[Difference]) -> Undisturbed:
    base.verdict = Verdict.NOT_DETERMINISTIC
    base.problems += [f"first and second run: {difference}" for difference in differences]
    if not differences:
        first, second = _story(base.run), _story(again)
        pair = next((pair for pair in itertools.zip_longest(first, second) if pair[0] != pair[1]), ("", ""))
        base.problems.append(f"first and second run: effect {pair[0] or 'none'} -> {pair[1] or 'none'}")
    base.problems.append(_CAUSES)
    return base


def _story(run: Run) -> list[str]:
    return [f"{effect.place} {effect.state}" for delivered in run.deliveries for effect in delivered.effects]


def _differences(one: Final, two: Final) -> list[Difference]:
    return [
        *table_differences(one.tables, two.tables),
        *table_differences(one.leftovers, two.leftovers),
        *value_differences(one.data, two.data),
        *value_differences(one.observed, two.observed),
        *value_differences(one.counts, two.counts, "ledger"),
    ]


def _find_volatile(scene: Scene, base: Undisturbed) -> None:
    """Leave out of every comparison what another day and other random numbers change."""
    scene.memory.seed = 1
    scene.open()
    scene.advance(LATE_SECONDS)
    other = play(scene).final
    scene.memory.seed = 0
    assert other is not None
    goal = base.goal
    columns = {*_changed_columns(goal.tables, other.tables), *_changed_columns(goal.leftovers, other.leftovers)}
    changed = {*(goal.counts - other.counts), *(other.counts - goal.counts)}
    operations = {entry[:2] for entry in changed if entry.detail}
    scene.volatile |= columns
    scene.blurred |= {operation for operation in operations if _number(goal, operation) == _number(other, operation)}
    goal.tables = without_columns(goal.tables, scene.volatile)
    goal.leftovers = without_columns(goal.leftovers, scene.volatile)
    goal.counts = blur(goal.counts, scene.blurred)
    left_out = sorted(columns) + [f"details of {' '.join(operation)}" for operation in sorted(scene.blurred)]
    if left_out:
        base.notes.append(f"not compared, since it comes from the clock or from random numbers: {', '.join(left_out)}")
    for difference in value_differences(goal.observed, other.observed):
        base.notes.append(f"the observed value depends on the clock or on random numbers: {difference}")


def _changed_columns(one: Tables, two: Tables) -> Iterator[str]:
    for name, table in one.items():
        other = two.get(name)
        if other is None or other.columns != table.columns or len(other.rows) != len(table.rows):
            continue
        for place, column in enumerate(table.columns):
            if Counter(repr(row[place]) for row in table.rows) != Counter(repr(row[place]) for row in other.rows):
                yield f"{name}.{column}"


def _number(final: Final, operation: tuple[str, str]) -> int:
    return sum(count for entry, count in final.counts.items() if entry[:2] == operation)
