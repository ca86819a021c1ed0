"""The seam at which unique locks and concurrency limits decide whether a job may be enqueued or run.

A guard is declared on a job class. It is asked when the job is pushed and when it is about to run, and told how the
run ended. The job layer knows guards by this protocol only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jobkit.backend import Backend
    from jobkit.outcome import Outcome


@dataclass(slots=True, frozen=True)
class Refusal:
    """A guard's no.

    Attributes:
        reason: one sentence for the history and for `enqueue_error`.
        outcome: at execution, how the delivery ends; None means that it is dropped.
        bury: whether the job goes to the dead set.
    """

    reason: str
    outcome: Outcome | None = None
    bury: bool = False


class Guard:
    """What a mechanism such as a unique lock may do at the four moments; each does nothing by default."""

    def at_push(self, job: Any, backend: Backend) -> Refusal | None:
        """Before the job goes to the queue, after its enqueue callbacks; a refusal keeps it out."""
        return None

    def at_start(self, job: Any, backend: Backend) -> Refusal | None:
        """Before the body of the job runs; a refusal keeps it from running."""
        return None

    def at_success(self, job: Any, backend: Backend) -> None:
        """After the body returned."""

    def at_error(self, job: Any, backend: Backend, error: BaseException) -> None:
        """After the body raised, before error handlers."""

    def at_end(self, job: Any, backend: Backend, outcome: Outcome) -> None:
        """When the delivery's outcome is known, handlers included."""
