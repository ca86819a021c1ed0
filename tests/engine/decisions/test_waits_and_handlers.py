"""How long a retry waits and which declaration takes an error: the pure rules behind retry_on and Sidekiq's retries."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from jobkit.errors import ConfigError
from jobkit.retry.exhaustion import Exhausted, GiveUp, RetryIn, RetryOptions, decide
from jobkit.retry.handlers import DiscardOn, RescueFrom, RetryOn, find_handler
from jobkit.retry.waits import WaitRule, polynomially_longer

ERROR = OSError("away")


class Half(random.Random):
    """Chance that always says one half."""

    def random(self) -> float:
        return 0.5

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        return start // 2


def wait(declared: Any, jitter: float | None, count: int = 2) -> float | None:
    return WaitRule(declared, jitter).seconds(count, ERROR, Half())


def test_jitter_is_added_to_the_growing_part_of_a_polynomial_wait_alone() -> None:
    assert wait(polynomially_longer, 0.15) == pytest.approx(16 + 0.5 * 0.15 * 16 + 2)
    assert wait(polynomially_longer, None) == 18
    assert polynomially_longer(2) == 18


def test_jitter_is_added_to_a_fixed_wait_and_not_to_what_a_callable_says() -> None:
    assert wait(100, 0.2) == pytest.approx(110)
    assert wait(timedelta(minutes=1), 0.5) == pytest.approx(75)
    assert wait(lambda executions: executions * 10, 0.5) == 20
    assert wait(lambda executions: timedelta(hours=executions), 0.5) == 7200
    assert wait(lambda executions, error: 1 if error is ERROR else 2, None) == 1
    assert wait(lambda *said: len(said), None) == 2


def test_a_callable_whose_signature_python_does_not_know_is_given_the_count() -> None:
    assert WaitRule(_Opaque(), None).seconds(3, ERROR, Half()) == 3


class _Opaque:
    __signature__ = "none that inspect takes"

    def __call__(self, executions: int) -> int:
        return executions


def test_a_wait_of_another_kind_is_refused_with_what_to_give() -> None:
    with pytest.raises(ConfigError, match=r"give seconds, a timedelta, polynomially_longer, or a callable of \(exec"):
        WaitRule(True, None)


def decision(options: RetryOptions, count: int = 0, failed_at: float = 0.0, now: float = 0.0) -> Any:
    return decide(options, 25, count, failed_at, now, ERROR, "the job", Half(), lambda error: None)


def test_the_delay_of_the_queues_own_retries_is_sidekiqs() -> None:
    assert decision(RetryOptions(), count=3) == RetryIn(96 + 20)
    assert decision(RetryOptions(), count=24) == RetryIn(24**4 + 15 + 125)
    assert decision(RetryOptions(), count=25) == Exhausted(dead=True)
    assert decision(RetryOptions(retry=5, dead=False), count=5) == Exhausted(dead=False)


def test_the_reasons_for_giving_up_are_said() -> None:
    assert decision(RetryOptions(retry=False)) == GiveUp("retry=False")
    assert decision(RetryOptions(retry_in=lambda count, error, job: "discard")) == GiveUp('retry_in said "discard"')


def test_retry_in_is_asked_with_count_error_and_job() -> None:
    asked: list[Any] = []
    decision(RetryOptions(retry_in=lambda *said: asked.append(said)), count=1)

    assert asked == [(1, ERROR, "the job")]


def test_what_retry_in_says_counts_from_one_second() -> None:
    assert decision(RetryOptions(retry_in=lambda count, error, job: 1)) == RetryIn(1 + 5)
    assert decision(RetryOptions(retry_in=lambda count, error, job: 0.5)) == RetryIn(15 + 5)
    assert decision(RetryOptions(retry_in=lambda count, error, job: True)) == RetryIn(15 + 5)


def test_retry_for_ends_after_its_time_and_not_at_it() -> None:
    assert isinstance(decision(RetryOptions(retry_for=60), failed_at=0, now=60), RetryIn)
    assert decision(RetryOptions(retry_for=60, dead=False), failed_at=0, now=60.1) == Exhausted(dead=False)
    RetryOptions(retry_for=1e9)
    with pytest.raises(ConfigError, match="a duration in seconds, not an instant"):
        RetryOptions(retry_for=1e9 + 1)


def retry_on(*errors: Any, report: bool = False) -> RetryOn:
    return RetryOn(errors, 3, 5, None, None, None, None, report)


def test_errors_may_be_named_by_path_by_module_or_as_builtins() -> None:
    by_path = retry_on("concurrent.futures.TimeoutError")
    of_module = retry_on("JSONDecodeError")
    of_module.module = "json"
    builtin = retry_on("ConnectionResetError")

    assert by_path.takes(TimeoutError())
    assert builtin.takes(ConnectionResetError())
    import json

    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads("{")
    assert of_module.takes(caught.value)
    assert not of_module.takes(ValueError())


def test_an_error_class_that_is_not_there_is_named_with_where_it_was_looked_for() -> None:
    of_module = retry_on("Nowhere")
    of_module.module = "json"

    with pytest.raises(
        ConfigError, match=r"retry_on\('Nowhere'\): no exception class of that name in json or builtins"
    ):
        of_module.takes(ERROR)


def test_the_last_declaration_wins_then_causes_are_asked_and_a_circle_of_causes_ends() -> None:
    broad, narrow = RescueFrom((Exception,), "take"), DiscardOn((OSError,), None, True)
    assert find_handler([broad, narrow], ERROR) == (narrow, ERROR)
    assert find_handler([narrow, broad], ERROR) == (broad, ERROR)

    first, second = KeyError("a"), OSError("b")
    first.__cause__, second.__cause__ = second, first
    assert find_handler([narrow], first) == (narrow, second)
    assert find_handler([RescueFrom((ValueError,), "take")], first) is None
    assert (narrow.report, retry_on(OSError, report=True).report, retry_on(OSError).report) == (True, True, False)
