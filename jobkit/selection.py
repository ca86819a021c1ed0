"""Which jobs a drain or an assertion is about: `only`, `except_` and `queue`."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from jobkit.envelope import Envelope
from jobkit.errors import ConfigError
from jobkit.record import JobRecord, State

Selected = Callable[[Envelope], bool]


def selector(only: Any = None, except_: Any = None, queue: Any = None) -> Selected | None:
    """A test for the jobs meant, or None if all are.

    Args:
        only, except_: a job (a Job class, a @job function, a Celery task, an actor, ...) or its name, several of
            these in a list, or a lambda or other callable object that is asked with a `JobRecord`. A class means
            itself, not its subclasses.
        queue: a queue's name, or several, prefix included.

    Raises:
        ConfigError: both `only` and `except_` were given.
    """
    if only is not None and except_ is not None:
        raise ConfigError("give only= or except_=, not both: they contradict each other")
    tests: list[Selected] = []
    if only is not None:
        tests.append(_any_of(only))
    if except_ is not None:
        excluded = _any_of(except_)
        tests.append(lambda envelope: not excluded(envelope))
    if queue is not None:
        names = {queue} if isinstance(queue, str) else set(queue)
        tests.append(lambda envelope: envelope.queue in names)
    if not tests:
        return None
    return lambda envelope: all(test(envelope) for test in tests)


def _any_of(chosen: Any) -> Selected:
    items = list(chosen) if isinstance(chosen, (list, tuple, set, frozenset)) else [chosen]
    tests = [_test(item) for item in items]
    return lambda envelope: any(test(envelope) for test in tests)


def _test(item: Any) -> Selected:
    if is_predicate(item):
        return lambda envelope: bool(item(JobRecord(envelope, State.ENQUEUED, envelope.attempt)))
    if isinstance(item, types.MethodType):
        # A bound method is a job of the frameworks whose jobs are functions; they know it by its function.
        return lambda envelope: any(envelope.performer.is_for(envelope, job) for job in (item, item.__func__))
    return lambda envelope: envelope.performer.is_for(envelope, item)


def is_predicate(item: Any) -> bool:
    """Whether `item` is a question about a job and not a job: a lambda or a partial.

    A named function or method is taken for a job and never called, since for some frameworks that is what a job is.
    """
    if isinstance(item, types.FunctionType):
        return item.__name__ == "<lambda>"
    return type(item).__module__ == "functools"
