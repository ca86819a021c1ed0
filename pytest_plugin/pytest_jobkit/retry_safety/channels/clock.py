"""Reads of the virtual clock: recorded, not broken. A job that looks at the time is also redelivered late."""

from __future__ import annotations

from datetime import datetime

from jobkit.clock import VirtualClock
from pytest_jobkit.retry_safety.channels.base import Channel, Patches
from pytest_jobkit.retry_safety.effects.runtime import current


class VirtualClockChannel(Channel):
    """Hooks jobkit's `VirtualClock`, which worlds and engines run on."""

    library = "jobkit.clock"

    def install(self, patches: Patches) -> None:
        time, now = VirtualClock.time, VirtualClock.now

        def reported_time(clock: VirtualClock) -> float:
            if current.runtime is not None:
                current.runtime.clock_was_read = True
            return time(clock)

        def reported_now(clock: VirtualClock) -> datetime:
            if current.runtime is not None:
                current.runtime.clock_was_read = True
            return now(clock)

        patches.replace(VirtualClock, "time", reported_time)
        patches.replace(VirtualClock, "now", reported_now)
