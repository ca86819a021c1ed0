"""The fault `zombie`: a worker stalls past its lease, a second one runs the whole job, the first goes on."""

from __future__ import annotations

from pytest_jobkit.retry_safety.exploring.concurrent.run import AtOnceRun, AtOnceRunner, StepChoice
from pytest_jobkit.retry_safety.exploring.faults import Fault
from pytest_jobkit.retry_safety.exploring.scene import Scene
from pytest_jobkit.retry_safety.setup import BACKOFF_SECONDS


def deliver_with_zombie(scene: Scene, fault: Fault) -> AtOnceRun:
    """The delivery that the fault names and the one after it, in the world on stage.

    The first stalls in the fault's gap until the second is done; only where the second waits for a lock of the first
    does that one go on before. Neither counts as acknowledged unless both are: the queue has a message for each.
    """
    stalled = False

    def choose(choice: StepChoice) -> int | None:
        nonlocal stalled
        if choice.number < fault.at and 0 in choice.enabled:
            return 0
        if not stalled:
            stalled = True
            scene.advance(BACKOFF_SECONDS + fault.delay)
        return 1 if 1 in choice.enabled else choice.enabled[0]

    message = scene.performance
    runner = AtOnceRunner(scene, [message, message], first=fault.delivery, starts_together=False)
    run = runner.run(choose)
    run.deliveries.sort(key=lambda delivered: delivered.number)
    for delivered in run.deliveries:
        delivered.delay = fault.delay
        if delivered.copy == 0 and stalled and len(delivered.effects) > fault.at:
            delivered.fired.append(fault)
    if not all(delivered.acknowledged for delivered in run.deliveries):
        scene.advance(BACKOFF_SECONDS)
    return run
