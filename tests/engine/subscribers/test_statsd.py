"""Job events as StatsD packets, received on a real socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

import jobkit
from jobkit import Engine, job
from jobkit.subscribers.statsd import StatsdSubscriber


@job(queue="files")
def imports(fails: bool) -> None:
    if fails:
        raise ValueError


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        yield server


def received(server: socket.socket, subscriber: StatsdSubscriber, *, fails: bool) -> list[str]:
    """The lines of the three packets about one job: enqueue, perform_start, perform."""
    engine = Engine()
    with engine.active(), jobkit.subscribe(subscriber, ["enqueue", "perform_start", "perform"]):
        imports.perform_later(fails)
        engine.drain(errors="capture")
    subscriber.close()
    return [line for _ in range(3) for line in server.recv(4096).decode().splitlines()]


def test_a_success_is_counted_and_timed(server: socket.socket) -> None:
    *counts, time = received(server, StatsdSubscriber(*server.getsockname()), fails=False)

    assert counts == [
        "jobkit.enqueue.imports:1|c",
        "jobkit.perform_start.imports:1|c",
        "jobkit.perform.imports:1|c",
        "jobkit.perform.imports.success:1|c",
    ]
    name, _, value = time.partition(":")
    assert name == "jobkit.perform.imports"
    assert value.endswith("|ms")
    assert float(value[:-3]) >= 0


def test_a_failure_is_counted_and_not_timed_as_in_sidekiq(server: socket.socket) -> None:
    lines = received(server, StatsdSubscriber(*server.getsockname(), prefix="shop"), fails=True)

    assert lines[-1] == "shop.perform.imports.failure:1|c"
    assert not any(line.endswith("|ms") for line in lines)


def test_tags_name_the_queue_for_servers_that_know_tags(server: socket.socket) -> None:
    lines = received(server, StatsdSubscriber(*server.getsockname(), tags=["env:test"]), fails=False)

    assert {line.partition("|#")[2] for line in lines} == {"env:test,queue:files"}


def test_a_packet_that_cannot_be_sent_does_not_fail_the_job(server: socket.socket) -> None:
    subscriber = StatsdSubscriber(*server.getsockname())
    subscriber.close()
    engine = Engine()
    with engine.active(), jobkit.subscribe(subscriber):
        imports.perform_later(False)

        assert engine.drain().succeeded == 1
