"""What a check has replaced is as before when it ends, whoever else has replaced the same."""

from __future__ import annotations

from collections.abc import Iterator

import dramatiq
from botocore.httpsession import URLLib3Session
from dramatiq.brokers.redis import RedisBroker

from pytest_jobkit.retry_safety import RetrySafety, world

broker = RedisBroker(url="redis://127.0.0.1:1")


@dramatiq.actor(broker=broker)
def idle() -> None:
    """Does nothing."""


@world
def count() -> Iterator[list[int]]:
    yield [0]


def test_a_function_that_the_capture_forbids_and_the_channel_hooks_is_itself_again(retry_safety: RetrySafety) -> None:
    before = URLLib3Session.send

    retry_safety(idle, world=count, observe=len)

    assert URLLib3Session.send is before
