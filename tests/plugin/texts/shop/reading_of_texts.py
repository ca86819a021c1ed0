"""The text of a failure, with what differs from machine to machine taken out."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pytest_jobkit import JobSession

START = datetime(2026, 3, 2, 12, tzinfo=UTC)


def text_of(test: Callable[[JobSession], Any], compare: Callable[[Any, Any], list[str]] | None = None) -> str:
    """What a test says that fails; places in files are shown as ``FILE:LINE``.

    Args:
        compare: pytest's diff of two values.
    """
    try:
        with JobSession(start=START) as session:
            session.compare = compare
            test(session)
    except Exception as error:
        text = "\n".join([str(error), *getattr(error, "__notes__", ())])
        return re.sub(r"\S+\.py:\d+", "FILE:LINE", text)
    raise AssertionError("the test was to fail, and passed")
