"""A `JobSession` for one pytest item, set up as the configuration says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from jobkit import ConfigError
from pytest_jobkit.fixtures import SESSION
from pytest_jobkit.session import JobSession
from pytest_jobkit.strict import kinds_of

#: what a marker may give to the session; the nearest marker decides
_SETTINGS = ("start", "seed", "config", "schedule")


@contextmanager
def open_session(item: pytest.Item) -> Iterator[JobSession]:
    """The session of `item`, from here to the end of the block."""
    config = item.config
    strict, allowed = _silence_allowed(item)
    settings: dict[str, Any] = {}
    for marker in reversed(list(item.iter_markers("jobkit"))):
        settings.update((key, value) for key, value in marker.kwargs.items() if key in _SETTINGS)
    session = JobSession(
        **settings,
        strict=strict,
        allow=allowed,
        frameworks=config.getini("jobkit_frameworks") or None,
        freezer=config.getini("jobkit_freezer"),
    )
    adopt(item, session)
    with session:
        yield session
        # The test itself fails over what it left unsaid (`plugin.pytest_runtest_call`), not its teardown.
        session.is_checked = True


def adopt(item: pytest.Item, session: JobSession) -> None:
    """Let the reports of `item` tell of `session`, and the session compare values as pytest does."""

    def compare(wanted: Any, found: Any) -> list[str]:
        for lines in item.ihook.pytest_assertrepr_compare(config=item.config, op="==", left=wanted, right=found):
            if lines:
                return list(lines)
        return []

    session.compare = compare
    item.stash[SESSION] = session


def _silence_allowed(item: pytest.Item) -> tuple[bool, list[str]]:
    """Whether the test is strict, and what it allows: its markers, the nearest of which decides `strict`."""
    strict: bool = item.config.getini("jobkit_strict")
    allowed: list[str] = []
    for marker in reversed(list(item.iter_markers("jobkit"))):
        unknown = sorted(marker.kwargs.keys() - {"allow", "strict", *_SETTINGS})
        if unknown or marker.args:
            raise pytest.UsageError(
                f"{item.nodeid}: @pytest.mark.jobkit takes allow=[...] and strict=, "
                f"{', '.join(_SETTINGS)}, not {marker}"
            )
        strict = marker.kwargs.get("strict", strict)
        words = marker.kwargs.get("allow", [])
        try:
            allowed += kinds_of(words, f"{item.nodeid}: @pytest.mark.jobkit(allow=)")
        except ConfigError as error:
            raise pytest.UsageError(str(error)) from None
    return strict, allowed
