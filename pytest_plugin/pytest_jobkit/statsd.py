"""`StatsdServer`: a StatsD server for the length of a block, which keeps what it was sent."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

import jobkit
from jobkit.events import Event
from jobkit.subscribers.statsd import StatsdSubscriber


class StatsdServer:
    """A real UDP socket on this machine; jobkit's own metrics go there, and those of any client that is told to.

    Attributes:
        host, port: where it listens.
    """

    def __init__(self, receiving: socket.socket) -> None:
        self.host: str
        self.port: int
        self.host, self.port = receiving.getsockname()
        self._receiving: socket.socket | None = receiving
        self._lines: list[str] = []

    @property
    def lines(self) -> list[str]:
        """The metrics so far, in order: ``jobkit.perform.ship.success:1|c``."""
        if self._receiving is not None:
            with suppress(BlockingIOError):
                while True:
                    self._lines += self._receiving.recv(65_536).decode().splitlines()
        return list(self._lines)

    def values(self, name: str) -> list[float]:
        """The values sent under `name`, in order: ``sum(statsd.values("jobkit.enqueue.ship"))`` counts."""
        parts = (line.partition("|")[0].rpartition(":") for line in self.lines)
        return [float(value) for key, _, value in parts if key == name]

    def close(self) -> None:
        """Read what is under way, and listen no more."""
        receiving = self._receiving
        if receiving is not None:
            _ = self.lines
            self._receiving = None
            receiving.close()


@contextmanager
def serving(prefix: str, events: Iterable[str] | None) -> Iterator[StatsdServer]:
    """A server, and a `StatsdSubscriber` that sends `events` (None: all) there until the end of the block."""
    receiving = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiving.bind(("127.0.0.1", 0))
    receiving.setblocking(False)
    server = StatsdServer(receiving)
    subscriber = StatsdSubscriber(server.host, server.port, prefix=prefix)

    def send_and_read(event: Event) -> None:
        subscriber(event)
        _ = server.lines  # a socket holds a few hundred packets and drops the rest

    try:
        with jobkit.subscribe(send_and_read, events):
            yield server
    finally:
        subscriber.close()
        server.close()
