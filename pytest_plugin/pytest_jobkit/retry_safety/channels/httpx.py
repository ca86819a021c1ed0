"""httpx, sync and async: every request of a client, whatever transport carries it (also `MockTransport` and respx).

The hook is `Client.send`, above the transports, so that redirects and logins are one effect. A transport that is used
without a client reports by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_jobkit.retry_safety.channels.base import Channel, Patches
from pytest_jobkit.retry_safety.channels.reading.http_request import (
    Answer,
    Errors,
    Request,
    read_request,
    send,
    send_async,
)
from pytest_jobkit.retry_safety.effects.runtime import reporting

if TYPE_CHECKING:
    import httpx


class HttpxChannel(Channel):
    """Hooks ``send`` of both clients, and the request handlers of both transports of its own."""

    library = "httpx"

    def install(self, patches: Patches) -> None:
        import httpx

        errors = Errors(httpx.ConnectError, httpx.ReadTimeout)

        def effect_of(request: httpx.Request) -> Request:
            try:
                body: object = request.content
            except httpx.RequestNotRead:
                body = request.stream
            return read_request(errors, request.method, str(request.url), request.headers.items(), body)

        async def close(response: httpx.Response) -> None:
            await response.aclose()

        def hook(kind: Any, name: str) -> None:
            real = getattr(kind, name)

            def reported(client: Any, request: httpx.Request, **options: Any) -> httpx.Response:
                runtime = reporting()
                if runtime is None:
                    return real(client, request, **options)  # type: ignore[no-any-return]
                act: Callable[[], httpx.Response] = partial(real, client, request, **options)
                return send(runtime, effect_of(request), act, _answer)

            patches.replace(kind, name, reported)

        def hook_async(kind: Any, name: str) -> None:
            real = getattr(kind, name)

            async def reported(client: Any, request: httpx.Request, **options: Any) -> httpx.Response:
                runtime = reporting()
                if runtime is None:
                    return await real(client, request, **options)  # type: ignore[no-any-return]
                act = partial(real, client, request, **options)
                return await send_async(runtime, effect_of(request), act, _answer, close)

            patches.replace(kind, name, reported)

        hook(httpx.Client, "send")
        hook(httpx.HTTPTransport, "handle_request")
        hook_async(httpx.AsyncClient, "send")
        hook_async(httpx.AsyncHTTPTransport, "handle_async_request")


def _answer(response: httpx.Response) -> Answer:
    content = response.content if response.is_stream_consumed and response.is_closed else None
    return Answer(response.status_code, response.headers, content)
