"""Marks: what a function writes to remember that a piece of work was done."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.facts.words import says_log, says_state
from jobkit_lint.flow.places import Place, Step, steps
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.flow.writes import Write, write_of
from jobkit_lint.index.models import Models
from jobkit_lint.index.names import Names
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import Assign


class Marks:
    """Finds marks in functions."""

    def __init__(self, names: Names, models: Models) -> None:
        self.names = names
        self.models = models

    def before(self, place: Place, scope: Scope, after_line: int) -> bool:
        """Whether a mark is certainly written before a place, and after `after_line` (that of the check)."""
        return any(
            earlier.statement.at.line >= after_line and self.is_mark(earlier, scope) for earlier in place.before()
        )

    def anywhere(self, scope: Scope) -> bool:
        """Whether the function writes a mark at all."""
        return any(self.is_mark(place, scope) for place in scope.places)

    def is_mark(self, place: Place, scope: Scope) -> bool:
        """Whether a statement sets a field that tells state, or writes a record of what was done."""
        statement = place.statement
        if isinstance(statement, Assign):
            for target in statement.targets:
                if isinstance(target, e.Attribute) and says_state(target.name):
                    return True
                if isinstance(target, e.Subscript) and says_state(e.literal_text(target.index) or ""):
                    return True
        for step in self.steps_at(place, scope):
            write = self._write(step, scope)
            if write is not None and (
                any(says_state(field) for field in write.fields)
                or write.verb == "claim"
                or (write.creates and write.model is not None and says_log(write.model.name))
            ):
                return True
            name = step.call.function.name if isinstance(step.call.function, e.Attribute) else ""
            if name.startswith(("mark_", "set_", "record_")) and says_state(name.partition("_")[2]):
                return True
            if name == "update" and any(word.name and says_state(word.name) for word in step.call.keywords):
                return True
        return False

    def steps_at(self, place: Place, scope: Scope) -> Iterator[Step]:
        """The calls that a statement makes itself."""
        return steps(place)

    def creates(self, place: Place, scope: Scope) -> Iterator[Write]:
        """The rows that a statement creates."""
        for step in steps(place):
            write = self._write(step, scope)
            if write is not None and write.creates:
                yield write

    def _write(self, step: Step, scope: Scope) -> Write | None:
        if not isinstance(step.call.function, e.Attribute):
            return None
        origin = self.names.origin(step.call.function, scope, step.place)
        return write_of(step, scope, origin, self.names, self.models)
