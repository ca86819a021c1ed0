"""How one delivery ended, as a value that every layer passes on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class OutcomeKind(StrEnum):
    """What became of the message after one delivery."""

    SUCCEEDED = "succeeded"
    RETRIED = "retried"  # the job itself enqueued its next attempt (retry_on, a framework's retry)
    DISCARDED = "discarded"  # given up on purpose: discard_on, or retry_on exhausted with a handler
    HALTED = "halted"  # a before-callback aborted; the queue considers the job done
    RESCUED = "rescued"  # a rescue_from handler took the error
    INTERRUPTED = "interrupted"  # a continuation stopped at a step and enqueued its resumption
    DROPPED = "dropped"  # a lock or limit refused the execution; the body did not run
    FAILED = "failed"  # an error left the job: the delivery layer's own policy decides
    LOST = "lost"  # the worker is gone; nothing was acknowledged


@dataclass(slots=True)
class Outcome:
    """The end of one delivery.

    Attributes:
        kind: what became of the message.
        result: what the body returned.
        error: the error behind a retry, discard or failure.
        reason: one sentence for people, where the kind alone does not say it.
    """

    kind: OutcomeKind
    result: Any = None
    error: BaseException | None = None
    reason: str = ""
    #: a job that was refused goes to the dead set
    bury: bool = False


#: the end of most deliveries; one for all of them, since an engine keeps what it has seen
SUCCEEDED = Outcome(OutcomeKind.SUCCEEDED)
