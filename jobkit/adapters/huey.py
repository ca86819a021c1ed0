"""jobkit jobs on Huey.

In the module that both the web process and ``huey_consumer`` load::

    huey = RedisHuey("shop")
    jobkit.configure(adapter=HueyAdapter(huey))

Huey takes a message out of its store before it runs: a job that was running when its worker died is lost.
"""

from __future__ import annotations

from typing import Any

from jobkit.adapters.base import Adapter
from jobkit.envelope import Envelope


class HueyAdapter(Adapter):
    """Sends jobs to a Huey instance, whose one queue they all share.

    Args:
        huey: the instance; the task ``jobkit_run`` is registered with it.
        honour_priority: hand a job's priority on, turned round, for Huey's higher numbers are more urgent; only
            some of its storages take one.
    """

    name = "huey"

    def __init__(self, huey: Any, honour_priority: bool = False) -> None:
        super().__init__()
        self._honour_priority = honour_priority

        def run(body: str) -> None:
            self.perform(body)

        self._task = huey.task(name="jobkit_run", retries=0)(run)

    def send(self, envelope: Envelope, body: str, delay: float | None) -> None:
        priority = None if envelope.priority is None or not self._honour_priority else -envelope.priority
        if delay is None:
            self._task(body, priority=priority)
        else:
            self._task.schedule((body,), delay=delay, priority=priority)
