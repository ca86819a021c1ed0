"""Which backend takes a job, which job is running, and in which delivery."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jobkit.backend import Backend
    from jobkit.envelope import Delivery
    from jobkit.job import Job

_backend: ContextVar[Backend | None] = ContextVar("jobkit_backend", default=None)
_job: ContextVar[Job | None] = ContextVar("jobkit_job", default=None)
#: the delivery that is going on here; what is enqueued meanwhile has it for its cause
current_delivery: ContextVar[Delivery | None] = ContextVar("jobkit_delivery", default=None)

# Threads that the code under test starts do not inherit context variables; they find the newest of these.
_activated: list[Backend] = []
_configured: list[Backend] = []


def configure(*, adapter: Backend | None) -> None:
    """Send the jobs of this process to `adapter` (an adapter of jobkit.adapters or an `Engine`), None for the default.

    Where nothing is configured an embedded `Engine` on the system clock takes them; call its `run` to work them off.
    """
    _configured[:] = [] if adapter is None else [adapter]


def current_backend() -> Backend:
    """Where a job enqueued here and now goes: the active engine, else the configured adapter, else the embedded one."""
    backend = _backend.get()
    if backend is not None:
        return backend
    if _activated:
        return _activated[-1]
    if not _configured:
        _configured.append(default_backend())
    return _configured[0]


def default_backend() -> Backend:
    """Makes the backend of a process that configured none; the package's `__init__` puts the embedded engine here."""
    raise NotImplementedError("jobkit/__init__.py sets this")


@contextmanager
def activate(backend: Backend) -> Iterator[None]:
    """Send what is enqueued within the block to `backend`, from this thread and those it starts."""
    token = _backend.set(backend)
    _activated.append(backend)
    try:
        yield
    finally:
        _activated.remove(backend)
        _backend.reset(token)


def current_job() -> Any:
    """The job that is being performed here, or None outside of one."""
    return _job.get()
