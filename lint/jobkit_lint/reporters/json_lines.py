"""One JSON object a line: the findings, then the problems (which have `kind`, and no `code`). For streams."""

from __future__ import annotations

import msgspec

from jobkit_lint.reporters import Rendering
from jobkit_lint.runner import Outcome


def render(outcome: Outcome, rendering: Rendering) -> str:
    """The objects of the form `json`, without their list and without the summary."""
    objects = [*outcome.findings, *outcome.problems]
    return "".join(f"{msgspec.json.encode(one).decode()}\n" for one in objects)
