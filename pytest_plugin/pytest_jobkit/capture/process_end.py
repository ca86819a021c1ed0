"""Which errors are not the job's: frameworks catch everything, and would retry these."""

from __future__ import annotations

import sys

from jobkit.envelope import WorkerLost


def ends_the_process(error: BaseException) -> bool:
    """Whether `error` stands for the end of the worker's process, or is the test's own: an outcome of pytest."""
    if isinstance(error, Exception):
        return False
    outcomes = sys.modules.get("_pytest.outcomes")
    return isinstance(error, (WorkerLost, KeyboardInterrupt)) or (
        outcomes is not None and isinstance(error, outcomes.OutcomeException)
    )
