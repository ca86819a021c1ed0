"""Real servers on this machine, and the soft form of a check."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pytest_jobkit.retry_safety import RetrySafety

sys.path.insert(0, str(Path(__file__).parent))

from mail_server import post, postbox

__all__ = ["post", "postbox"]


@pytest.fixture
def retry_safety() -> RetrySafety:
    """The soft form of a check, as the plugin offers it."""
    return RetrySafety()


class Gateway:
    """What a payment gateway remembers: charges, and the keys by which it recognises a repeated request."""

    url = ""

    def __init__(self) -> None:
        self.charges: list[str] = []
        self.keys: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # answers "100 Continue", which AWS's client waits for

    def do_GET(self) -> None:
        self._answer(404 if self.path.endswith("/missing") else 200, {"charges": len(self.server.gateway.charges)})

    def do_PUT(self) -> None:
        """A store of objects: what is stored again under the same name replaces itself."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer(200, None)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path.startswith("/refused"):
            self._answer(402, {"error": "card refused"})
            return
        gateway: Gateway = self.server.gateway
        key = self.headers.get("Idempotency-Key")
        if key is None or key not in gateway.keys:
            gateway.charges.append(body)
            if key is not None:
                gateway.keys.append(key)
        self._answer(201, {"charged": True})

    def _answer(self, status: int, value: object) -> None:
        raw = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *arguments: object) -> None:
        """A test's output is no access log."""


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A gateway behind a real HTTP server on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = False
    server.gateway = gateway = Gateway()
    gateway.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield gateway
    server.shutdown()
    thread.join()
    server.server_close()
