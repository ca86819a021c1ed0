"""What comes after an effect: whether the job can still fail once it has happened."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.flow.effects import Effect
from jobkit_lint.flow.places import Place, Step, places, steps
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import Assert, Raise, Try

_QUIET = frozenset({"debug", "info", "warning", "error", "exception", "log", "print", "critical", "warn"})


def can_fail_after(effect: Effect) -> bool:
    """Whether anything that runs after the effect may fail, so that the job runs again with the effect done."""
    if effect.is_repeated:
        return True
    return any(_may_fail(place) for step, _ in effect.levels for place in following(step))


def following(step: Step) -> Iterator[Place]:
    """The statements that may run after a call, in its function: those behind it in its block and around."""
    for level in step.place.lineage():
        rest = level.block[level.index + 1 :]
        for index in range(len(rest)):
            statement = rest[index]
            yield from places((statement,), level.parent, level.branch)
        owner = level.parent
        if owner is not None and isinstance(owner.statement, Try) and level.branch == "body":
            yield from places(owner.statement.otherwise, owner, "else")
            yield from places(owner.statement.final, owner, "finally")


def _may_fail(place: Place) -> bool:
    if isinstance(place.statement, Raise | Assert):
        return True
    for step in steps(place):
        function = step.call.function
        name = function.name if isinstance(function, e.Attribute) else e.dotted(function) or ""
        if name not in _QUIET and not _is_part_of_quiet(step):
            return True
    return False


def _is_part_of_quiet(step: Step) -> bool:
    for outer in step.around:
        if isinstance(outer, e.Call):
            name = outer.function.name if isinstance(outer.function, e.Attribute) else e.dotted(outer.function)
            if name in _QUIET:
                return True
    return False
