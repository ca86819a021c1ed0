"""A `JobSession` for one pytest item, set up as the configuration says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from pytest_jobkit.fixtures import SESSION
from pytest_jobkit.session import JobSession


@contextmanager
def open_session(item: pytest.Item) -> Iterator[JobSession]:
    """The session of `item`, from here to the end of the block."""
    config = item.config
    session = JobSession(
        frameworks=config.getini("jobkit_frameworks") or None,
        freezer=config.getini("jobkit_freezer"),
    )

    def compare(wanted: Any, found: Any) -> list[str]:
        for lines in item.ihook.pytest_assertrepr_compare(config=config, op="==", left=wanted, right=found):
            if lines:
                return list(lines)
        return []

    session.compare = compare
    item.stash[SESSION] = session
    with session:
        yield session
