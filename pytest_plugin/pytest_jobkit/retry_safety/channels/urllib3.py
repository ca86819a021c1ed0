"""urllib3: every request of a connection pool. Its own retries are part of one effect."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_jobkit.retry_safety.channels.base import Channel, Patches
from pytest_jobkit.retry_safety.channels.reading.http_request import Answer, Errors, read_request, send
from pytest_jobkit.retry_safety.effects.runtime import reporting

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, HTTPConnectionPool


class Urllib3Channel(Channel):
    """Hooks ``HTTPConnectionPool.urlopen``; reports what no client above it has reported."""

    library = "urllib3"

    def install(self, patches: Patches) -> None:
        from urllib3 import HTTPConnectionPool
        from urllib3.exceptions import ProtocolError, ReadTimeoutError

        real: Any = HTTPConnectionPool.urlopen

        def unanswered(words: str) -> BaseException:
            return ReadTimeoutError(HTTPConnectionPool("injected"), "/", words)

        errors = Errors(ProtocolError, unanswered)

        def reported(
            pool: HTTPConnectionPool,
            method: str,
            url: str,
            body: Any = None,
            headers: Any = None,
            *more: Any,
            **options: Any,
        ) -> BaseHTTPResponse:
            runtime = reporting()
            act = partial(real, pool, method, url, body, headers, *more, **options)
            if runtime is None:
                return act()  # type: ignore[no-any-return]
            address = f"{pool.scheme}://{pool.host}:{pool.port}{url}" if url.startswith("/") else url
            sent = headers if headers is not None else pool.headers
            request = read_request(errors, method, address, dict(sent).items(), body)

            def answer(response: BaseHTTPResponse) -> Answer:
                return Answer(
                    response.status, response.headers, response.data if options.get("preload_content", True) else None
                )

            return send(runtime, request, act, answer)  # type: ignore[no-any-return]

        patches.replace(HTTPConnectionPool, "urlopen", reported)
