"""Hypothesis strategies: arguments of a job from its signature, and schedules of faults.

Hypothesis chooses what has no bounds (arguments, mixes of jobs); faults of one job are enumerated inside of each
example, which is complete and finds the simplest schedule. `fault_schedules` is for tests that sample all the same.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any, get_type_hints

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from pytest_jobkit.retry_safety.delivering.calls import Call
from pytest_jobkit.retry_safety.exploring.faults import (
    CONCURRENT,
    LATE_SECONDS,
    REDELIVERED,
    Fault,
    FaultKind,
    Schedule,
    parse_kinds,
)


def job_arguments(job: Any, /, **overrides: Any) -> SearchStrategy[Call]:
    """Calls of a job, with arguments that its annotations allow::

        @given(job_arguments(Transfer, amount=st.integers(1, 10_000)))
        def test_transfer(call):
            assert_retry_safe(call, world=bank, observe=lambda w: w.balances())

    Args:
        job: a function, a jobkit job, a task of a captured framework.
        overrides: by parameter, a strategy that narrows it, or one fixed value. A parameter with a default is left to
            it, unless it is named here.

    Raises:
        TypeError: a name is no parameter of the job, or a parameter has neither an annotation nor an override.
    """
    name = Call(job).name
    function = _function_of(job)
    parameters = inspect.signature(function).parameters
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    unknown = [key for key in overrides if key not in parameters]
    if unknown and not takes_any:
        raise TypeError(f"job_arguments({name}): no parameter {unknown[0]!r}; there are: {', '.join(parameters)}")
    hints = get_type_hints(function)
    by_position: list[SearchStrategy[Any]] = []
    by_name = {key: _strategy(overrides[key]) for key in unknown}
    for parameter in parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if parameter.name in overrides:
            strategy = _strategy(overrides[parameter.name])
        elif parameter.default is not parameter.empty:
            continue
        elif parameter.name in hints:
            strategy = st.from_type(hints[parameter.name])
        else:
            raise TypeError(
                f"job_arguments({name}): parameter {parameter.name!r} has no annotation; annotate it, or pass "
                f"{parameter.name}=a strategy"
            )
        if parameter.kind is parameter.POSITIONAL_ONLY:
            by_position.append(strategy)
        else:
            by_name[parameter.name] = strategy
    return st.builds(
        lambda positional, named: Call(job, *positional, **named),
        st.tuples(*by_position),
        st.fixed_dictionaries(by_name),
    )


def _strategy(given: Any) -> SearchStrategy[Any]:
    return given if isinstance(given, SearchStrategy) else st.just(given)


def _function_of(job: Any) -> Callable[..., Any]:
    """What runs with the message's arguments: ``perform`` of a job class, bound; the function of a task."""
    if isinstance(job, type) and hasattr(job, "perform"):
        perform = inspect.unwrap(job.perform)
        return perform.__get__(object(), job)  # type: ignore[no-any-return]  # a bound method has no `self` to fill
    for attribute in ("run", "fn", "func", "original_func"):  # celery, dramatiq, procrastinate and django tasks, taskiq
        inner = getattr(job, attribute, None)
        if inspect.isroutine(inner):
            return inner
    function: Callable[..., Any] = inspect.unwrap(job)
    return function


def fault_schedules(
    kinds: str | Iterable[str] | None = None, *, most: int = 3, effects: int = 12
) -> SearchStrategy[Schedule]:
    """Schedules for ``assert_retry_safe(..., schedule=faults)``: one fault in each of the first deliveries.

    A fault is drawn as the number of effects that pass before it, its kind and its delay; so a shorter list, an earlier
    effect and a simpler kind are what hypothesis shrinks to. A fault that finds no effect to break is left out.

    Args:
        kinds: as for `retry_safe`; those with two workers at once, and `dup`, are enumerated only.
        most: faults in one schedule.
        effects: the effect up to which faults strike.
    """
    wanted = parse_kinds(kinds)
    drawn: list[FaultKind] = [
        kind for kind in wanted.kinds if kind not in CONCURRENT and kind not in (FaultKind.DUP, FaultKind.WRONG)
    ]
    if not drawn:
        raise ValueError(f"fault_schedules({kinds!r}): none of these kinds can be drawn")
    late = (0, LATE_SECONDS) if wanted.late else (0,)
    fault = st.tuples(st.integers(0, effects), st.sampled_from(drawn), st.sampled_from(late))
    return st.lists(fault, max_size=most).map(_in_order)


def _in_order(drawn: list[tuple[int, FaultKind, int]]) -> Schedule:
    return tuple(
        Fault(number, skip, kind, delay if kind in REDELIVERED else 0)
        for number, (skip, kind, delay) in enumerate(drawn, 1)
    )
