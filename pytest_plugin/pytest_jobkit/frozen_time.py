"""The time that the code under test sees, frozen by freezegun or by time-machine and then only moved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from jobkit import ConfigError


class FrozenTime(Protocol):
    """Time that stands still until it is moved."""

    def move_to(self, moment: datetime) -> None: ...
    def stop(self) -> None: ...


def start(freezer: str, moment: datetime) -> FrozenTime:
    """Freeze the time at `moment`.

    Raises:
        ConfigError: there is no such freezer, or it is not installed.
    """
    kinds: dict[str, Callable[[datetime], FrozenTime]] = {"freezegun": _Freezegun, "time-machine": _TimeMachine}
    if freezer not in kinds:
        raise ConfigError(f"jobkit_freezer = {freezer!r}: no such freezer; there are {' and '.join(kinds)}")
    try:
        return kinds[freezer](moment)
    except ImportError as error:
        raise ConfigError(
            f"to freeze the time of the code under test {freezer} is needed ({error}); "
            "it comes with the extra 'pytest' of jobkit, or install it"
            if freezer == "freezegun"
            else f"jobkit_freezer = 'time-machine', but time-machine is not installed ({error}); install it"
        ) from error


class _Freezegun:
    """freezegun, started once a test and then moved.

    As always with freezegun the machine's own zone counts as UTC: ``datetime.now()`` without a zone gives UTC.
    """

    def __init__(self, moment: datetime) -> None:
        import freezegun

        from pytest_jobkit.quick_freezing import start_quickly

        self._freeze: Any = freezegun.freeze_time(_naive(moment), ignore=list(_OWN_CLOCKS))
        self._factory: Any = start_quickly(self._freeze)

    def move_to(self, moment: datetime) -> None:
        self._factory.move_to(_naive(moment))

    def stop(self) -> None:
        self._freeze.stop()


#: packages that wait by a clock: frozen, they would wait for ever
_OWN_CLOCKS = ("trio", "curio")


class _TimeMachine:
    """time-machine, which replaces the clock functions below Python, hence in every module at once."""

    def __init__(self, moment: datetime) -> None:
        import time_machine

        self._travel = time_machine.travel(_fixed(moment), tick=False)
        self._traveller: Any = self._travel.start()

    def move_to(self, moment: datetime) -> None:
        self._traveller.move_to(_fixed(moment), tick=False)

    def stop(self) -> None:
        self._travel.stop()


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def _fixed(moment: datetime) -> datetime:
    """In UTC: time-machine would otherwise change the process's zone to that of the moment."""
    return moment.astimezone(UTC)
