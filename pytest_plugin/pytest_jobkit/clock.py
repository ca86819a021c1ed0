"""`JobClock`: the time of a test, the engine's and the code's under test, moved together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from jobkit import ConfigError, VirtualClock
from jobkit.clock import epoch_seconds, seconds

if TYPE_CHECKING:
    from pytest_jobkit.frozen_time import FrozenTime
    from pytest_jobkit.recorder import RecordingEngine

#: pytest leaves these frames out of tracebacks: an error is about the line of the test that leads here
__tracebackhide__ = True


class JobClock:
    """The clock of one test: it stands still unless the test moves it, or a drain moves it to the next due time.

    Once the time is frozen (`freeze`, `travel`, `travel_to`, or the fixture `job_clock`) `datetime.now`, `time.time`
    and the like in the code under test say the same as the engine, until the end of the test.

    Args:
        freezer: "freezegun" or "time-machine": what freezes the time of the code under test.
    """

    def __init__(self, engine: RecordingEngine, clock: VirtualClock, freezer: str = "freezegun") -> None:
        self._engine = engine
        self._clock = clock
        self._freezer = freezer
        self._frozen: FrozenTime | None = None
        self._forget: Callable[[], None] | None = None

    def now(self) -> datetime:
        """The present instant, aware."""
        return self._clock.now()

    def time(self) -> float:
        """The present instant in epoch seconds."""
        return self._clock.time()

    def freeze(self) -> JobClock:
        """Let the code under test see this clock from now on. Starts the freezer once a test; after that it is moved.

        Raises:
            ConfigError: the package that freezes the time is not installed.
        """
        if self._frozen is None:
            from pytest_jobkit.frozen_time import start

            self._frozen = start(self._freezer, self._clock.now())
            self._forget = self._clock.on_move(self._frozen.move_to)
        return self

    def travel(self, delta: timedelta | float | None = None, **parts: float) -> datetime:
        """Go ahead by seconds, a timedelta, or parts (``hours=2``); what falls due is queued, nothing is performed.

        Raises:
            ConfigError: it would go back.
        """
        ahead = seconds(delta, **parts)
        if ahead < 0:
            raise ConfigError(f"travel({ahead:g} s) would go back; travel_to() can do that, at the start of a test")
        self.freeze()
        self._engine.move_to(self._clock.time() + ahead)
        return self.now()

    def travel_to(self, moment: datetime) -> datetime:
        """Be at `moment` (aware). Going back is possible as long as nothing was enqueued.

        Raises:
            ConfigError: `moment` is naive, or it is in the past of a job that was enqueued already.
        """
        instant = epoch_seconds(moment, "travel_to()")
        back = self._clock.time() - instant
        if back > 0 and self._engine.sequence:
            raise ConfigError(
                f"travel_to({moment.isoformat()}) would go back by {back:g} s, before jobs that were enqueued at "
                f"{self.now().isoformat()}; travel back before the first job, or only ahead"
            )
        self._clock.set_to(moment)
        self.freeze()
        self._engine.move_to(instant)
        return self.now()

    @property
    def is_frozen(self) -> bool:
        """Whether the code under test sees this clock."""
        return self._frozen is not None

    def release(self) -> None:
        """Give the code under test the real time back; the end of the session does so."""
        if self._frozen is not None:
            if self._forget is not None:
                self._forget()
            self._frozen.stop()
            self._frozen = self._forget = None

    def __repr__(self) -> str:
        return f"<JobClock {self.now().isoformat()}{', frozen' if self.is_frozen else ''}>"
