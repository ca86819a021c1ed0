"""Functions that are handed to somebody else, who runs them in another thread, process or time."""

from __future__ import annotations

from jobkit_lint.analysis import Analysis
from jobkit_lint.flow.effects import Reached


def is_handed_over(reached: Reached, analysis: Analysis) -> bool:
    """Whether a call is made by a lambda, or by a function that the job hands over instead of calling it."""
    if any(step.deferred is not None for step, _ in reached.levels):
        return True
    for hop in reached.hops:
        called = analysis.called(hop.step, hop.scope)
        if called is None or called.code is not hop.function.code:
            return True
    return False
