"""jobkit jobs on Dramatiq.

In the module that both the web process and ``dramatiq`` load::

    broker = RedisBroker()
    jobkit.configure(adapter=DramatiqAdapter(broker, queues=["default", "payments"]))

Dramatiq declares queues by actors, so each queue that jobs use is named here. Acknowledgement is late.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jobkit.adapters.base import Adapter
from jobkit.envelope import Envelope
from jobkit.errors import ConfigError


class DramatiqAdapter(Adapter):
    """Sends jobs to a Dramatiq broker, through one actor a queue.

    Args:
        broker: the broker; an actor ``jobkit_run_<queue>`` is registered for each queue.
        queues: the queues that jobs use.
    """

    name = "dramatiq"

    def __init__(self, broker: Any, queues: Iterable[str] = ("default",)) -> None:
        import dramatiq

        super().__init__()

        def run(body: str) -> None:
            self.perform(body)

        actor: Any = dramatiq.actor
        self._actors = {
            queue: actor(run, actor_name=f"jobkit_run_{queue}", queue_name=queue, broker=broker, max_retries=0)
            for queue in queues
        }

    def send(self, envelope: Envelope, body: str, delay: float | None) -> None:
        actor = self._actors.get(envelope.queue)
        if actor is None:
            raise ConfigError(
                f"the dramatiq adapter has no queue {envelope.queue!r}; "
                f"give DramatiqAdapter(queues=) every queue that jobs use, it has {', '.join(self._actors)}"
            )
        actor.send_with_options(args=(body,), delay=None if delay is None else int(delay * 1000))
