"""What one execution of a Huey task tells about itself, by its signals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from huey import signals as S  # type: ignore[import-untyped]  # Huey has no types
from huey.exceptions import CancelExecution  # type: ignore[import-untyped]  # Huey has no types

from jobkit.outcome import Outcome, OutcomeKind

# signal -> what it means where the body did not run, and in words
_NOT_RUN = {
    S.SIGNAL_REVOKED: "it was revoked",
    S.SIGNAL_EXPIRED: "it expired before it ran",
    S.SIGNAL_LOCKED: "its lock is held by another task",
    # since Huey 3
    getattr(S, "SIGNAL_RATE_LIMITED", "rate_limited"): "its rate limit is used up, and it is not to be retried",
}


@dataclass(slots=True)
class Execution:
    """One task while it is executed.

    Attributes:
        task_id: whose signals are meant.
        retried: the task was stored once more.
        error: what the body raised.
    """

    task_id: str
    retried: bool = False
    error: BaseException | None = None
    signals: list[str] = field(default_factory=list)

    def outcome(self, result: Any) -> Outcome:
        """How it ended, given what Huey returned."""
        if self.retried:
            return Outcome(OutcomeKind.RETRIED, error=self.error)
        if S.SIGNAL_COMPLETE in self.signals:
            return Outcome(OutcomeKind.SUCCEEDED, result)
        for signal, reason in _NOT_RUN.items():
            if signal in self.signals:
                return Outcome(OutcomeKind.DROPPED, error=self.error, reason=reason)
        if isinstance(self.error, CancelExecution):
            return Outcome(OutcomeKind.DISCARDED, error=self.error, reason="it raised CancelExecution")
        if S.SIGNAL_CANCELED in self.signals:
            return Outcome(OutcomeKind.HALTED, reason="a pre_execute hook cancelled it")
        return Outcome(OutcomeKind.FAILED, error=self.error, reason="no retry is left")
