"""Every private name of Celery and kombu that the capture uses, in one place.

They are untyped on purpose: type stubs do not know private names, and a version that lacks one fails here, by name.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, ClassVar

from jobkit.envelope import WorkerLost
from jobkit.errors import JobkitError

_state: Any = import_module("celery._state")
_trace: Any = import_module("celery.app.trace")
_app_base: Any = import_module("celery.app.base")
_kombu_messaging: Any = import_module("kombu.messaging")

_NEEDED = {
    _state: ("_tls", "_set_task_join_will_block", "task_join_will_block", "_get_active_apps"),
    _trace: (
        "_install_stack_protection",
        "reset_worker_optimizations",
        "fast_trace_task",
        "build_tracer",
        "send_postrun",
    ),
    _kombu_messaging.Producer: ("_prepare", "publish"),
    _app_base.Celery: ("send_task", "backend", "now", "tasks"),
}


def check_internals() -> None:
    """See that every private name is there.

    Raises:
        JobkitError: one is missing; says which, and what to do.
    """
    for owner, names in _NEEDED.items():
        for name in names:
            if not hasattr(owner, name):
                raise JobkitError(
                    f"the capture of Celery needs {owner.__name__}.{name}, and the installed version has no such "
                    "name: install a version that the capture was tried with, or take celery out of jobkit_frameworks"
                )


def active_apps() -> list[Any]:
    """Every Celery app of this process that is still in use."""
    return list(_state._get_active_apps())


def current_app() -> Any:
    """The app that ``celery.current_app`` stands for."""
    return _state.get_current_app()


class WorkerProcess:
    """Within the block `app` is the current app and ``.get()`` in a task is refused, as in a worker's process."""

    __slots__ = ("_app", "_before")

    # Deliveries at once leave in any order, and one that is frozen never leaves: the first to enter notes what was.
    _inside: ClassVar[set[int]] = set()
    _blocked_outside: ClassVar[bool] = False

    def __init__(self, app: Any) -> None:
        self._app = app

    def __enter__(self) -> None:
        self._before = _state._tls.current_app
        if not self._inside:
            WorkerProcess._blocked_outside = _state.task_join_will_block()
        self._inside.add(id(self))
        self._app.set_current()
        _state._set_task_join_will_block(True)

    @classmethod
    def leave_all(cls) -> None:
        """Put back what was, for those that never leave."""
        if cls._inside:
            cls._inside.clear()
            _state._set_task_join_will_block(cls._blocked_outside)

    def __exit__(self, *error: object) -> None:
        self._inside.discard(id(self))
        _state._set_task_join_will_block(True if self._inside else self._blocked_outside)
        _state._tls.current_app = self._before


class StackProtection:
    """What a worker does to ``Task.__call__``, so that a task with a ``__call__`` of its own keeps its request."""

    def __init__(self) -> None:
        self._was_there = hasattr(_trace.BaseTask, "_stackprotected")
        if not self._was_there:
            _trace._install_stack_protection()

    def remove(self) -> None:
        if not self._was_there:
            _trace.reset_worker_optimizations(_NoApp())


class _NoApp:
    use_fast_trace_task = False


def silence_the_dead(replace: Callable[[Any, str, Any], Any]) -> None:
    """Let a process that was lost in the middle of a task send no ``task_postrun``, as a dead one sends none."""
    send = _trace.send_postrun

    def send_postrun(**arguments: Any) -> None:
        if not isinstance(sys.exception(), WorkerLost):
            send(**arguments)

    replace(_trace, "send_postrun", send_postrun)


def fast_trace_task() -> Any:
    """The function that a worker's process runs for each message."""
    return _trace.fast_trace_task


def tracer(app: Any, task: Any, hostname: str) -> Any:
    """The function that runs `task` and stores how it ended, as a worker builds it when it starts."""
    return _trace.build_tracer(task.name, task, app.loader, hostname, app=app)


def prepared(producer: Any, body: Any, options: dict[str, Any], headers: dict[str, Any]) -> tuple[bytes, str, str]:
    """The body as kombu's producer sends it, with its content type and encoding; takes its options out of `options`."""
    payload, content_type, content_encoding = producer._prepare(
        body,
        options.pop("serializer", None),
        options.pop("content_type", None),
        options.pop("content_encoding", None),
        options.pop("compression", None) or producer.compression,
        headers,
    )
    return payload if isinstance(payload, bytes) else payload.encode(), content_type, content_encoding
