"""The delivery layer's own retries and the dead set, as Sidekiq's (spec: C.8, Appendix 1)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from jobkit import Engine, Job, QueueConfig
from jobkit.errors import ConfigError, JobkitError
from jobkit.retry.exhaustion import RetryIn, RetryOptions, decide, default_delay


class Boom(Exception):
    pass


class Failing(Job):
    def perform(self) -> None:
        raise Boom("always")


@pytest.fixture
def deaths() -> list[str]:
    return []


@pytest.fixture
def engine(deaths: list[str]) -> Iterator[Engine]:
    engine = Engine()
    engine.death_handlers.append(lambda record, error: deaths.append(type(error).__name__))
    with engine.active():
        yield engine


def drain(engine: Engine) -> Any:
    return engine.drain(errors="capture")


def test_five_retries_are_six_executions_and_then_the_dead_set(engine: Engine, deaths: list[str]) -> None:
    class Five(Failing):
        retry = 5

    Five.perform_later()
    result = drain(engine)

    assert (result.performed, result.retried, result.dead) == (6, 5, 1)
    assert engine.dead[0].envelope.headers is not None
    assert engine.dead[0].envelope.headers["retry_count"] == 5
    assert deaths == ["Boom"]


def test_no_retries_means_the_exhausted_block_and_the_dead_set_at_once(engine: Engine, deaths: list[str]) -> None:
    told = []

    class Zero(Failing):
        retry = 0
        retries_exhausted = staticmethod(lambda job, error: told.append(str(error)))

    Zero.perform_later()

    assert drain(engine).dead == 1
    assert told == ["always"]
    assert deaths == ["Boom"]


def test_retry_false_leaves_no_entry_but_tells_the_death_handlers(engine: Engine, deaths: list[str]) -> None:
    told = []

    class Never(Failing):
        retry = False
        retries_exhausted = staticmethod(lambda job, error: told.append(error))

    Never.perform_later()
    result = drain(engine)

    assert (result.performed, result.dead, result.discarded) == (1, 0, 1)
    assert told == []
    assert deaths == ["Boom"]


@pytest.mark.parametrize(("said", "dead", "told"), [("discard", 0, 0), ("kill", 1, 1)])
def test_retry_in_may_discard_or_kill(engine: Engine, deaths: list[str], said: str, dead: int, told: int) -> None:
    exhausted = []

    class Decides(Failing):
        retry = 5
        retry_in = staticmethod(lambda count, error, job: said)
        retries_exhausted = staticmethod(lambda job, error: exhausted.append(job))

    Decides.perform_later()
    result = drain(engine)

    assert (result.performed, result.dead, len(exhausted)) == (1, dead, told)
    assert deaths == ["Boom"]


@pytest.mark.parametrize("why", ["dead", "block"])
def test_an_exhausted_job_may_stay_out_of_the_dead_set(engine: Engine, deaths: list[str], why: str) -> None:
    class Quiet(Failing):
        retry = 0
        dead = why != "dead"
        retries_exhausted = staticmethod(lambda job, error: "discard" if why == "block" else None)

    Quiet.perform_later()

    assert drain(engine).dead == 0
    assert engine.dead == ()
    assert deaths == ["Boom"]


def test_delays_grow_and_carry_a_spread_by_chance(engine: Engine) -> None:
    class Many(Failing):
        retry = 12

    Many.perform_later()
    starts = [record.started_at for record in drain(engine).records]
    waits = [(later - earlier).total_seconds() for earlier, later in pairwise(starts)]

    for count, wait in enumerate(waits):
        assert default_delay(count) <= wait < default_delay(count) + 10 * (count + 1)
    assert [default_delay(count) for count in range(12)] == [
        15, 16, 31, 96, 271, 640, 1311, 2416, 4111, 6576, 10015, 14656,
    ]  # fmt: skip


def test_retry_in_sets_the_delay_and_an_error_in_it_is_reported(engine: Engine) -> None:
    reported: list[BaseException] = []
    engine.error_reporters.append(reported.append)

    class Own(Failing):
        retry = 2

        @staticmethod
        def retry_in(count: int, error: BaseException, job: object) -> int:
            if count:
                raise KeyError("broken")
            return 1000

    Own.perform_later()
    starts = [record.started_at for record in drain(engine).records]
    waits = [(later - earlier).total_seconds() for earlier, later in pairwise(starts)]

    assert 1000 <= waits[0] < 1010
    assert 16 <= waits[1] < 36
    assert [type(error) for error in reported] == [KeyError]


@pytest.mark.parametrize("said", [0, -5, None, "soon", True])
def test_other_answers_of_retry_in_mean_the_default(said: object) -> None:
    options = RetryOptions(retry=3, retry_in=lambda count, error, job: said)

    decision = decide(options, 25, 3 - 1, 0.0, 0.0, Boom(), None, Random(0), lambda error: None)

    assert isinstance(decision, RetryIn)
    assert 31 <= decision.delay < 61


def test_retry_for_counts_time_and_not_attempts(engine: Engine) -> None:
    class ForAnHour(Failing):
        retry_for = 3600

    ForAnHour.perform_later()
    result = drain(engine)

    lasted = (result.records[-1].started_at - result.records[0].started_at).total_seconds()
    assert result.records[-2].started_at.timestamp() - result.records[0].started_at.timestamp() <= 3600 < lasted


def test_retries_may_go_to_a_queue_of_their_own(engine: Engine) -> None:
    class Elsewhere(Failing):
        retry = 1
        retry_queue = "slow"

    Elsewhere.perform_later()

    assert [record.queue_name for record in drain(engine).records] == ["default", "slow"]


def test_the_configuration_gives_the_number_of_retries() -> None:
    engine = Engine(config=QueueConfig(max_retries=2))
    with engine.active():
        Failing.perform_later()
        result = engine.drain(errors="capture")

    assert (result.performed, result.dead) == (3, 1)


def test_without_a_configuration_an_error_that_nobody_took_is_final(engine: Engine) -> None:
    Failing.perform_later()

    assert drain(engine).dead == 1


def test_a_dead_job_that_is_put_back_gets_one_more_execution(engine: Engine) -> None:
    class Two(Failing):
        retry = 2

    Two.perform_later()
    drain(engine)
    engine.requeue(engine.dead[0])

    assert engine.dead == ()
    assert drain(engine).performed == 1
    assert len(engine.dead) == 1


def test_putting_back_a_job_that_is_not_dead_says_what_is(engine: Engine) -> None:
    with pytest.raises(JobkitError, match="no dead job 'x'"):
        engine.requeue("x")


def test_the_dead_set_keeps_one_job_fewer_than_its_number_and_drops_the_oldest() -> None:
    engine = Engine(config=QueueConfig(max_retries=0, dead_max_jobs=4))
    with engine.active():
        jobs = [Failing.perform_later() for _ in range(6)]
        engine.drain(errors="capture")

    assert [record.job_id for record in engine.dead] == [job.job_id for job in jobs[-3:]]


def test_the_dead_set_forgets_what_is_older_than_its_timeout() -> None:
    engine = Engine(config=QueueConfig(max_retries=0, dead_timeout_in_seconds=3600))
    with engine.active():
        Failing.perform_later()
        engine.drain(errors="capture")
        engine.advance(hours=2)
        fresh = Failing.perform_later()
        engine.drain(errors="capture")

    assert [record.job_id for record in engine.dead] == [fresh.job_id]


def test_a_wrong_option_is_refused() -> None:
    with pytest.raises(ConfigError, match="retry=-1"):
        RetryOptions(retry=-1)
    with pytest.raises(ConfigError, match="an instant"):
        RetryOptions(retry_for=1.7e9)
