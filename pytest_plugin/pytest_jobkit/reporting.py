"""What pytest's own reports say of a test's jobs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pytest_jobkit.recorder import Origin
from pytest_jobkit.timeline import story

if TYPE_CHECKING:
    import pytest

    from pytest_jobkit.session import JobSession

SECTION = "jobs of this test"


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
    if report.failed:
        report.sections.append((SECTION, "\n".join(story(session.timeline()))))
