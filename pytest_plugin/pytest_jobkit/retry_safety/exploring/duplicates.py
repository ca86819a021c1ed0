"""The fault `dup`: a message that was acknowledged comes again, after other messages were delivered."""

from __future__ import annotations

from pytest_jobkit.retry_safety.exploring.faults import Fault
from pytest_jobkit.retry_safety.exploring.scene import Delivered, Scene
from pytest_jobkit.retry_safety.judging.observation import Final, observe
from pytest_jobkit.retry_safety.setup import BACKOFF_SECONDS


def deliver_again(scene: Scene, fault: Fault) -> tuple[list[Delivered], Final]:
    """Go on after the delivery that was acknowledged: later messages, the duplicate, the rest of the later messages.

    Returns:
        The deliveries of the duplicate, and the end. It is to be compared with the end of the same messages without
        the duplicate.
    """
    deliver_others(scene, 0, fault.at)
    scene.advance(BACKOFF_SECONDS + fault.delay)
    deliveries: list[Delivered] = []
    for attempt in range(1, scene.setup.patience + 1):
        deliveries.append(scene.deliver(fault.delivery + attempt))
        if deliveries[-1].acknowledged:
            break
    deliver_others(scene, fault.at)
    final = observe(scene, deliveries[-1])
    final.compared_with = scene.goal_with_later_messages
    return deliveries, final


def deliver_others(scene: Scene, begin: int, end: int | None = None) -> None:
    """Deliver the later messages without a fault, each until it is acknowledged."""
    for message in scene.later[begin:end]:
        for number in range(1, scene.setup.patience + 1):
            if scene.deliver(number, performance=message).acknowledged:
                break
