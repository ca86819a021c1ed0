"""What the linter knows of libraries, as data: payments, notifications, network calls, records, values."""

from __future__ import annotations

FOREIGN: frozenset[str] = frozenset()


def fact_aliases() -> dict[str, str]:
    return {}
