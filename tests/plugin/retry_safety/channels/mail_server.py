"""A real mail server on this machine, as fixtures."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from pytest_jobkit.retry_safety import World, world


class Postbox:
    """What the mail server has received."""

    port = 0

    def __init__(self) -> None:
        self.letters: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.letters.append(", ".join(envelope.rcpt_tos))
        return "250 taken"


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    postbox = Postbox()
    controller = Controller(postbox, hostname="127.0.0.1", port=0)
    controller.port = _free_port()
    controller.start()
    postbox.port = controller.port
    yield postbox
    controller.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def post(postbox: Postbox) -> World:
    @world
    def post() -> Iterator[list[str]]:
        postbox.letters.clear()
        yield postbox.letters

    return post
