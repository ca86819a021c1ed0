"""The StatsD server of a test: jobkit's metrics and those of the code under test, on a real socket."""

from __future__ import annotations

import socket

from jobkit import job
from pytest_jobkit import JobSession


@job
def ship(order_id: int) -> None:
    """Sends an order out."""


def test_the_metrics_of_a_block_are_kept(jobs: JobSession) -> None:
    with jobs.statsd() as statsd:
        ship.perform_later(1)
        jobs.perform_enqueued_jobs()
    ship.perform_later(2)

    assert statsd.values("jobkit.enqueue.ship") == [1]
    assert statsd.values("jobkit.perform.ship.success") == [1]
    assert statsd.values("jobkit.perform.ship.failure") == []


def test_events_and_prefix_can_be_chosen(jobs: JobSession) -> None:
    with jobs.statsd("shop", ["enqueue"]) as statsd:
        ship.perform_later(1)
        jobs.perform_enqueued_jobs()

    assert statsd.lines == ["shop.enqueue.ship:1|c"]


def test_more_metrics_than_a_socket_holds_are_all_there(jobs: JobSession) -> None:
    with jobs.statsd(events=["enqueue"]) as statsd:
        for number in range(2_000):
            ship.perform_later(number)

    assert sum(statsd.values("jobkit.enqueue.ship")) == 2_000


def test_another_client_may_send_there(jobs: JobSession) -> None:
    with jobs.statsd() as statsd, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"shop.orders:3|c", (statsd.host, statsd.port))

    assert statsd.values("shop.orders") == [3]
