"""Assertions about a recurring schedule: that it fires at a moment, and what it says if it does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from jobkit.clock import epoch_seconds

if TYPE_CHECKING:
    from jobkit import Schedule
    from jobkit.recurring.entry import Entry, FireTime

#: pytest leaves these frames out of tracebacks: an error is about the line of the test that leads here
__tracebackhide__ = True

#: how far back the firing before is looked for
_BEFORE = (timedelta(days=1), timedelta(days=32), timedelta(days=366))


def assert_fires_at(source: Schedule | Entry, shown: str, moment: datetime) -> FireTime:
    """Raise AssertionError, with the times around it, unless `source` fires at `moment`, to the second."""
    epoch_seconds(moment, "assert_fires_at()")
    second = moment.replace(microsecond=0)
    found = source.fire_times(second, second + timedelta(seconds=1))
    if found:
        return found[0]
    before = _last_before(source, second)
    after = source.next_fire_times(second, 3)
    zone = moment.tzinfo or UTC
    lines = [f"expected {shown} to fire at {moment.isoformat()}, but it does not. It fires at"]
    lines += [f"  {time.astimezone(zone).isoformat()}, before that" for time in ([] if before is None else [before])]
    lines += [f"  {time.astimezone(zone).isoformat()}" for time in after]
    raise AssertionError("\n".join(lines) if before or after else f"{lines[0].partition('. ')[0]}: it never fires")


def _last_before(source: Schedule | Entry, moment: datetime) -> FireTime | None:
    for span in _BEFORE:
        times = source.fire_times(moment - span, moment)
        if times:
            return times[-1]
    return None
