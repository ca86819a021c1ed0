"""What enqueues by itself as an engine's clock passes: its schedule, and a captured framework's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from jobkit.engine import Engine


class Timetable(Protocol):
    """One such source."""

    @property
    def next_due(self) -> float | None:
        """When it has something to enqueue next, in epoch seconds; None for never."""
        ...

    def fire(self, engine: Engine) -> None:
        """Enqueue what is due at the engine's time."""
        ...


class Timetables(list[Timetable]):
    """All of one engine."""

    @property
    def next_due(self) -> float | None:
        """When the first of them has something to enqueue, in epoch seconds; None for never."""
        if not self:  # as for most engines, which ask at each due time
            return None
        return min((table.next_due for table in self if table.next_due is not None), default=None)

    def fire(self, engine: Engine) -> None:
        """Let each enqueue what is due at the engine's time."""
        for table in self:
            table.fire(engine)
