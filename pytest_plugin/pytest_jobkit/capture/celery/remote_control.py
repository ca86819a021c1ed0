"""Remote control without a connection: a revoke takes effect at once, and no worker answers a question."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from celery import Celery
from celery.worker import state
from celery.worker.control import Panel

_DONE_HERE = frozenset({"revoke", "revoke_by_stamped_headers"})


class RevokedTasks:
    """Celery's process-wide lists of revoked tasks, as they were before the test."""

    def __init__(self) -> None:
        self._tasks = frozenset(state.revoked)
        self._stamps = dict(state.revoked_stamps)

    def restore(self) -> None:
        for task_id in [one for one in state.revoked if one not in self._tasks]:
            state.revoked.discard(task_id)
        state.revoked_stamps.clear()
        state.revoked_stamps.update(self._stamps)


def broadcast(app: Celery, command: str, arguments: dict[str, Any] | None, reply: bool) -> list[Any] | None:
    """Do `command` with the worker's own code if it changes which tasks run; no worker answers the others."""
    if command in _DONE_HERE:
        panel = SimpleNamespace(app=app, hostname="jobkit@test", consumer=SimpleNamespace(), tset=set)
        Panel.data[command](panel, **(arguments or {}) | {"terminate": False})
    return [] if reply else None
