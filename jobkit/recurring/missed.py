"""What happens to runs that fell due while nobody looked (spec G.2)."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MissedRuns:
    """A policy for runs that were due since the last look.

    Args:
        grace: a run may be late by this many seconds, else it is missed for good.
        each: True fires every one of them, in order; False only the latest.
    """

    grace: float
    each: bool = False


#: The latest run, if it is at most a minute late (``reschedule_grace_period``).
SIDEKIQ_CRON = MissedRuns(grace=60)
#: In-process timers, as sidekiq-scheduler's and Solid Queue's: what was due while the process was down is not fired.
#: One second is what looking at a real clock may cost.
TIMERS = MissedRuns(grace=1)
#: Everything that was missed.
CATCH_UP = MissedRuns(grace=math.inf, each=True)
