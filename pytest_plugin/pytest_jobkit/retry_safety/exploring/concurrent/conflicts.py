"""Which two effects of different deliveries may not be swapped without anybody being able to tell."""

from __future__ import annotations

from pytest_jobkit.retry_safety.effects.record import Effect

_WHOLE_DATABASE = (None, "", "commit")


def conflict(one: Effect, two: Effect) -> bool:
    """Whether the order of two effects may matter: they touch the same thing, and one of them writes.

    A commit makes everything visible that came before it, so its place among the effects of the database matters.
    """
    first, second = one.operation, two.operation
    if first.channel != second.channel:
        return False
    if first.channel == "db" and (first.resource in _WHOLE_DATABASE or second.resource in _WHOLE_DATABASE):
        return True
    if first.reads and second.reads:
        return False
    return first.resource is None or second.resource is None or first.resource == second.resource
