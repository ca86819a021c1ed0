"""Names for the places of a schedule that survive a change of the job: a replay string alone counts effects."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pytest_jobkit.retry_safety.effects.record import Effect
from pytest_jobkit.retry_safety.exploring.bounded import run_schedule
from pytest_jobkit.retry_safety.exploring.faults import Fault, FaultKind, Schedule
from pytest_jobkit.retry_safety.exploring.scene import Delivered, Scene

_ACK = "ack"
_AT_THE_END = (FaultKind.NOACK, FaultKind.DUP)
_FULL = re.compile(r"(?P<place>.+?)\s+#(?P<occurrence>\d+)")
_SHORT = re.compile(r"(?P<word>.+?)@(?P<occurrence>\d+)")


def labels_of(schedule: Schedule, deliveries: Sequence[Delivered]) -> str:
    """``http POST /charges @charge #1 / ack``: the place of each fault, as the run went."""
    return " / ".join(_label(fault, deliveries) for fault in schedule)


def _label(fault: Fault, deliveries: Sequence[Delivered]) -> str:
    if fault.kind in _AT_THE_END:
        return _ACK
    delivered = deliveries[fault.delivery - 1]
    # behind the effect that a termination has cut off come those of the clean-up code
    broken = delivered.effects[fault.at] if delivered.cut is None else delivered.cut
    before = sum(effect.place == broken.place for effect in delivered.effects[: fault.at])
    return f"{broken.place} #{before + 1}"


def locate(scene: Scene, schedule: Schedule, label: str) -> tuple[Schedule, list[str]]:
    """The schedule moved to where its labels are now, and what was moved.

    Raises:
        AssertionError: a labelled place does not exist any more.
        ValueError: there are not as many labels as faults.
    """
    labels = [part.strip() for part in label.split(" / ")]
    if len(labels) != len(schedule):
        raise ValueError(f"label={label!r} names {len(labels)} places, the schedule has {len(schedule)} faults")
    located: Schedule = ()
    moved: list[str] = []
    for fault, name in zip(schedule, labels, strict=True):
        if fault.kind in _AT_THE_END or name == _ACK:
            located = (*located, fault)
            continue
        deliveries = run_schedule(scene, located).deliveries
        effects = deliveries[fault.delivery - 1].effects if fault.delivery <= len(deliveries) else []
        at = _position(effects, fault.at, name)
        if at is None:
            there = ", ".join(dict.fromkeys(effect.place for effect in effects)) or "no effect at all"
            raise AssertionError(
                f"the pinned schedule has lost its place: {fault} was at {name!r}, and delivery {fault.delivery} now "
                f"has {there}. If the job has changed on purpose, run the check without @replay and pin what it prints."
            )
        if at != fault.at:
            moved.append(f"{name!r} moved from position {fault.at} to {at}")
        located = (*located, fault._replace(at=at))
    return located, moved


def _position(effects: Sequence[Effect], at: int, name: str) -> int | None:
    full = _FULL.fullmatch(name)
    if full:
        visits = [effect.index for effect in effects if effect.place == full["place"]]
        occurrence = int(full["occurrence"])
        return visits[occurrence - 1] if 0 < occurrence <= len(visits) else None
    short = _SHORT.fullmatch(name)
    word = (short["word"] if short else name).lower()
    if any(effect.index in (at, at - 1) and word in effect.place.lower() for effect in effects):
        return at
    visits = [effect.index for effect in effects if word in effect.place.lower()]
    occurrence = int(short["occurrence"]) if short else 1
    return visits[occurrence - 1] if 0 < occurrence <= len(visits) else None
