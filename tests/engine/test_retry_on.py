"""retry_on: counting and waits. The numbers are the test vectors of the reference (spec: C.2, C.3, Appendix 1)."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import jobkit
from jobkit import Engine, Job, after_discard, discard_on, job, polynomially_longer, retry_on
from jobkit.errors import ConfigError
from jobkit.record import State


class A(Exception):
    pass


class B(Exception):
    pass


class D(Exception):
    pass


def run(job_class: Any, *arguments: Any) -> tuple[Engine, jobkit.DrainResult]:
    engine = Engine()
    with engine.active():
        job_class.perform_later(*arguments)
        result = engine.drain(errors="capture")
    return engine, result


def waits(result: jobkit.DrainResult) -> list[float]:
    """Seconds between the executions of a job."""
    starts = [record.started_at for record in result.records]
    return [(later - earlier).total_seconds() for earlier, later in pairwise(starts) if later and earlier]


def failing_with(*errors: type[Exception] | None) -> Any:
    """A body that raises the next of `errors` each time, and succeeds at None or when they are used up."""
    left = list(errors)

    def perform(self: Job) -> str:
        error = left.pop(0) if left else None
        if error is not None:
            raise error
        return "done"

    return perform


def test_five_executions_three_seconds_apart_by_default_and_the_fifth_error_leaves_the_job() -> None:
    discarded = []

    @after_discard(lambda job, error: discarded.append(error))
    @retry_on(A, jitter=0)
    class Failing(Job):
        perform = failing_with(*[A] * 9)

    engine, result = run(Failing)

    assert waits(result) == [3, 3, 3, 3]
    assert (result.performed, result.retried, result.dead) == (5, 4, 1)
    assert [type(error) for error in result.errors] == [A]
    assert len(discarded) == 1
    assert engine.dead[0].executions == 5


def test_polynomially_longer_waits_grow_with_the_fourth_power() -> None:
    @retry_on(A, wait=polynomially_longer, attempts=10, jitter=0)
    class Failing(Job):
        perform = failing_with(*[A] * 20)

    _, result = run(Failing)

    assert waits(result) == [3, 18, 83, 258, 627, 1298, 2403, 4098, 6563]
    assert sum(waits(result)) == 15_351


@pytest.mark.parametrize("name", ["polynomially_longer", "exponentially_longer"])
def test_the_formula_may_be_given_by_name(name: str) -> None:
    @retry_on(A, wait=name, jitter=0)
    class Failing(Job):
        perform = failing_with(A)

    _, result = run(Failing)

    assert waits(result) == [3]


def test_a_callable_of_the_count_gets_no_jitter() -> None:
    @retry_on(A, wait=lambda executions: executions * 2, jitter=0.9)
    class Failing(Job):
        perform = failing_with(*[A] * 4)

    _, result = run(Failing)

    assert waits(result) == [2, 4, 6, 8]


def test_a_callable_of_two_parameters_sees_the_error() -> None:
    @retry_on(A, wait=lambda executions, error: timedelta(minutes=len(error.args) + executions))
    class Failing(Job):
        perform = failing_with(A)

    _, result = run(Failing)

    assert waits(result) == [60]


def test_error_classes_of_one_declaration_share_its_counter() -> None:
    @retry_on(A, B, attempts=4)
    class Failing(Job):
        perform = failing_with(A, A, A, B)

    _, result = run(Failing)

    assert result.performed == 4
    assert type(result.errors[0]) is B


def test_declarations_count_apart_so_a_job_may_run_more_often_than_either_allows() -> None:
    @retry_on(D, attempts=5, jitter=0)
    @retry_on(A, B, attempts=4, jitter=0)
    class Failing(Job):
        perform = failing_with(D, D, D, D, A, A, A)

    _, result = run(Failing)

    assert (result.performed, result.succeeded) == (8, 1)


def test_each_declaration_has_its_own_place_on_its_own_curve() -> None:
    @retry_on(A, wait=polynomially_longer, jitter=0)
    @retry_on(B, wait=lambda executions: executions * 2, jitter=0)
    class Failing(Job):
        perform = failing_with(A, B, A, B)

    _, result = run(Failing)

    assert waits(result) == [3, 2, 18, 4]


@pytest.mark.parametrize("unlimited", [None, "unlimited"])
def test_unlimited_attempts_never_give_up(unlimited: str | None) -> None:
    @retry_on(A, attempts=unlimited)
    class Failing(Job):
        perform = failing_with(*[A] * 9)

    _, result = run(Failing)

    assert (result.performed, result.succeeded) == (10, 1)


def test_one_attempt_is_one_execution_without_a_wait() -> None:
    @retry_on(A, attempts=1)
    class Failing(Job):
        perform = failing_with(A)

    _, result = run(Failing)

    assert (result.performed, result.retried) == (1, 0)


def test_a_handler_takes_the_exhausted_job_before_after_discard_and_nothing_is_raised() -> None:
    story = []

    @after_discard(lambda job, error: story.append("after_discard"))
    @retry_on(A, handler=lambda job, error: story.append("handler"))
    class Failing(Job):
        perform = failing_with(*[A] * 9)

    engine = Engine()
    with engine.active():
        Failing.perform_later()
        result = engine.drain()

    assert story == ["handler", "after_discard"]
    assert (result.performed, result.discarded, result.dead) == (5, 1, 0)


def test_a_parent_and_a_child_error_with_a_rule_each_are_discarded_once() -> None:
    class Parent(Exception):
        pass

    class Child(Parent):
        pass

    discarded = []

    @after_discard(lambda job, error: discarded.append(error))
    @retry_on(Parent, attempts=5)
    @retry_on(Child, attempts=5)
    class Failing(Job):
        perform = failing_with(*[Child] * 9)

    _, result = run(Failing)

    assert result.performed == 5
    assert len(discarded) == 1


def test_a_broad_rule_declared_below_hides_a_narrow_one_above() -> None:
    @retry_on(ZeroDivisionError, attempts=9)
    @discard_on(ArithmeticError)
    class Failing(Job):
        perform = failing_with(ZeroDivisionError)

    _, result = run(Failing)

    assert result.discarded == 1


def test_a_rule_of_the_subclass_is_tried_before_that_of_its_base() -> None:
    @retry_on(A, attempts=9)
    class Base(Job):
        pass

    @discard_on(A)
    class Failing(Base):
        perform = failing_with(A)

    _, result = run(Failing)

    assert (result.retried, result.discarded) == (0, 1)


def test_a_rule_matches_the_cause_of_an_error_and_is_given_the_cause() -> None:
    taken = []

    @discard_on(A, handler=lambda job, error: taken.append(error))
    class Failing(Job):
        def perform(self) -> None:
            try:
                raise A
            except A as cause:
                raise B from cause

    run(Failing)

    assert [type(error) for error in taken] == [A]


def test_error_classes_may_be_named_and_are_looked_up_late() -> None:
    @job
    @retry_on("A", "ZeroDivisionError", jitter=0)
    def failing() -> float:
        return 1 / 0

    _, result = run(failing)

    assert result.performed == 5


def test_a_retry_goes_to_its_own_queue_and_priority_and_stays_there() -> None:
    @retry_on(A, queue="slow", priority=9, attempts=3)
    class Failing(Job):
        queue = "fast"
        perform = failing_with(*[A] * 3)

    _, result = run(Failing)

    assert [(record.queue_name, record.priority) for record in result.records] == [
        ("fast", None),
        ("slow", 9),
        ("slow", 9),
    ]


def test_the_same_job_id_runs_with_its_executions_counted_up() -> None:
    seen = []

    @job
    @retry_on(A, attempts=3)
    def failing() -> None:
        me = jobkit.current_job()
        seen.append((me.job_id, me.executions, dict(me.exception_executions)))
        raise A

    run(failing)

    assert [executions for _, executions, _ in seen] == [1, 2, 3]
    assert len({job_id for job_id, _, _ in seen}) == 1
    assert [counts for _, _, counts in seen] == [{}, {"[A]": 1}, {"[A]": 2}]


def test_a_before_enqueue_that_aborts_the_retry_loses_the_job_and_the_record_says_so() -> None:
    @retry_on(A)
    class OnceOnly(Job):
        @jobkit.before_enqueue
        def not_twice(self) -> None:
            if self.executions:
                raise jobkit.Abort

        perform = failing_with(A)

    _, result = run(OnceOnly)

    assert result.discarded == 1
    assert "kept out of the queue" in result.records[0].reason


@given(wait=st.floats(0, 1e6), jitter=st.floats(0, 2), seed=st.integers())
def test_jitter_only_ever_adds_up_to_its_share(wait: float, jitter: float, seed: int) -> None:
    from random import Random

    from jobkit.retry.waits import WaitRule

    seconds = WaitRule(wait, jitter).seconds(1, A(), Random(seed))

    assert seconds is not None
    assert wait <= seconds <= wait + wait * jitter


def test_the_same_seed_gives_the_same_jitter() -> None:
    @retry_on(A, wait=3600)
    class Failing(Job):
        perform = failing_with(*[A] * 9)

    def plan(seed: int) -> list[float]:
        engine = Engine(seed=seed)
        Failing.perform = failing_with(*[A] * 9)  # a fresh list of errors
        with engine.active():
            Failing.perform_later()
            return waits(engine.drain(errors="capture"))

    assert plan(7) == plan(7) != plan(8)
    assert all(3600 <= wait < 4140 for wait in plan(7))


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ({"wait": "fibonacci"}, "wait='fibonacci'"),
        ({"wait": object()}, "wait=<object"),
        ({"attempts": 0}, "attempts=0"),
        ({"jitter": "much"}, "jitter='much'"),
    ],
)
def test_a_wrong_option_is_refused_where_it_is_written(arguments: dict[str, Any], names: str) -> None:
    with pytest.raises(ConfigError, match=names):
        retry_on(A, **arguments)


def test_a_rule_without_errors_or_with_something_else_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least one error class"):
        retry_on()
    with pytest.raises(ConfigError, match="exception class"):
        discard_on(int)  # type: ignore[arg-type]  # the mistake under test


def test_a_record_shows_how_its_delivery_ended() -> None:
    @retry_on(A, jitter=0)
    class Failing(Job):
        perform = failing_with(A)

    _, result = run(Failing)

    first, second = result.records
    assert (first.state, type(first.error), first.reason) == (
        State.RETRIED,
        A,
        "retry_on(A): failure 1 of 5, again in 3 s",
    )
    assert (second.state, second.result) == (State.SUCCEEDED, "done")
