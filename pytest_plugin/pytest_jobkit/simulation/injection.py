"""Puts a failing function where a job's body is, for the deliveries of one job."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from jobkit import ConfigError
from jobkit.current import current_delivery
from jobkit.envelope import Envelope
from pytest_jobkit.capture.patches import Patches
from pytest_jobkit.simulation.errors import ErrorPlan


@contextmanager
def failing(envelope: Envelope, plan: ErrorPlan, after_body: bool) -> Iterator[None]:
    """Let the attempts of the job of `envelope` fail as `plan` says, before or after its body; no other job does.

    Raises:
        ConfigError: nobody knows where the body of this job is.
    """
    target = envelope.performer.target(envelope)
    place = None if target is None else envelope.performer.body(target)
    if place is None:
        raise ConfigError(
            f"simulate_retries: where the body of {envelope.name} is cannot be told"
            + (", for this process does not know the job" if target is None else f" ({envelope.performer.framework})")
        )
    owner, name = place
    attempts = _Attempts(envelope.job_id, plan)
    patches = Patches()
    patches.replace(owner, name, _failing_body(owner, name, attempts, after_body))
    try:
        yield
    finally:
        patches.undo()


class _Attempts:
    """Counts the attempts of one job."""

    def __init__(self, job_id: str, plan: ErrorPlan) -> None:
        self._job_id = job_id
        self._plan = plan
        self._count = 0

    def begin(self) -> BaseException | None:
        """The error of the attempt that begins, if it is one of the job's."""
        delivery = current_delivery.get()
        if delivery is None or delivery.envelope.job_id != self._job_id:
            return None
        self._count += 1
        return self._plan.error_of(self._count)


def _failing_body(owner: Any, name: str, attempts: _Attempts, after_body: bool) -> Any:
    static = inspect.getattr_static(owner, name)
    # A class's plain function is called with the instance; anything else is called as the attribute itself is.
    body: Callable[..., Any] = static if inspect.isfunction(static) else getattr(owner, name)

    if inspect.iscoroutinefunction(inspect.unwrap(body)):

        @functools.wraps(body)
        async def failing_coroutine(*arguments: Any, **kwarguments: Any) -> Any:
            error = attempts.begin()
            if error is not None and not after_body:
                raise error
            result = await body(*arguments, **kwarguments)
            if error is not None:
                raise error
            return result

        replacement: Any = failing_coroutine
    else:

        @functools.wraps(body)
        def failing_function(*arguments: Any, **kwarguments: Any) -> Any:
            error = attempts.begin()
            if error is not None and not after_body:
                raise error
            result = body(*arguments, **kwarguments)
            if error is not None:
                raise error
            return result

        replacement = failing_function
    return staticmethod(replacement) if isinstance(static, staticmethod) else replacement
