"""What pytest's own reports say of a test's jobs."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pytest_jobkit.recorder import Origin
from pytest_jobkit.report.collecting import TOLD
from pytest_jobkit.timeline import Moment, story

if TYPE_CHECKING:
    import pytest

    from pytest_jobkit.session import JobSession

SECTION = "jobs of this test"

#: how many moments of one test the page shows
_MOST = 1_000
#: how many characters of a failure it shows
_LONGEST = 5_000


def add_to_report(item: pytest.Item, report: pytest.TestReport, session: JobSession) -> None:
    """Add a section with the jobs' story to a failed test, and ``jobkit_...`` properties (for JUnit) to any."""
    engine = session.engine
    if not engine.log:
        return
    states = Counter(record.state.value for record in engine.deliveries)
    enqueued = sum(push.origin is Origin.ENQUEUED for push in engine.pushes)
    counts = [("jobkit_enqueued", enqueued), ("jobkit_performed", len(engine.deliveries))]
    counts += [(f"jobkit_{state}", number) for state, number in sorted(states.items())]
    report.user_properties += counts
    item.user_properties += counts  # JUnit's writer reads those of the teardown, which come from here
    moments = session.timeline() if report.failed or item.config.pluginmanager.has_plugin("jobkit-collector") else []
    if report.failed:
        report.sections.append((SECTION, "\n".join(story(moments))))
    if item.config.pluginmanager.has_plugin("jobkit-collector"):
        setattr(report, TOLD, told(item, report, moments))


def told(item: pytest.Item, report: pytest.TestReport, moments: list[Moment]) -> dict[str, Any]:
    """The story as plain values, which pytest-xdist can send.

    They are ``name``, ``outcome``, ``failure`` (what went wrong, empty if nothing did), ``moments`` and ``story``.
    """
    entries = [{**asdict(moment), "at": float(moment.at)} for moment in moments[:_MOST]]
    if len(moments) > _MOST:
        rest = f"... {len(moments) - _MOST} more"
        entries.append({**asdict(moments[-1]), "number": 0, "what": "", "state": "", "text": rest, "place": ""})
    return {
        "name": item.nodeid,
        "outcome": report.outcome,
        "failure": _failure(report),
        "moments": entries,
        "story": story(moments),
    }


def _failure(report: pytest.TestReport) -> str:
    """The text of the error without the source around it."""
    if not report.failed:
        return ""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = report.longreprtext if crash is None else str(crash.message)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}\n..."
