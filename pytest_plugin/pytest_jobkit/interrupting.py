"""Interrupt a job with steps at a chosen step, as ActiveJob's `interrupt_job_during_step` and `..._after_step`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jobkit import ConfigError, Engine, Job
from jobkit.continuation import continuation_of
from pytest_jobkit.matchers.target import target_of

ANY_CURSOR: Any = object()


@contextmanager
def interrupted(
    engine: Engine, job: Any, during: str | None, cursor: Any, after: str | None, reason: str
) -> Iterator[None]:
    """In the block `job` is interrupted once, where it is said; see `JobSession.interrupt`."""
    if (during is None) is (after is None):
        raise ConfigError("interrupt(): give either during='step' or after='step'")
    if after is not None and cursor is not ANY_CURSOR:
        raise ConfigError(f"interrupt(after={after!r}, cursor=...): a completed step has no cursor; leave it out")
    target = target_of(job, ())
    met: list[str] = []

    def question(running: object) -> object:
        if met or not isinstance(running, Job) or not _is(running):
            return False
        continuation = continuation_of(running)
        current = continuation.current
        if during is not None:
            here = current is not None and current.name == during and cursor in (ANY_CURSOR, current.cursor)
        else:
            here = current is None and continuation.completed[-1:] == [after]
        if here:
            met.append(reason)
            return reason
        return False

    def _is(running: Job) -> bool:
        named = target.named
        if isinstance(named, Job):
            return running.job_id == named.job_id
        if isinstance(named, str):
            return named in (running.definition.name, running.definition.shown)
        return type(running) is getattr(named, "job_class", named)

    engine.stop_when.append(question)
    try:
        yield
    finally:
        engine.stop_when.remove(question)
    if not met:
        place = f"after step {after!r}" if after is not None else f"during step {during!r}"
        place += "" if cursor is ANY_CURSOR else f" at cursor {cursor!r}"
        raise AssertionError(
            f"{target.shown} was to be interrupted {place}, but no checkpoint came there in the block; a checkpoint is "
            "step.advance(), step.set(), step.checkpoint() or the beginning of the next step"
        )
