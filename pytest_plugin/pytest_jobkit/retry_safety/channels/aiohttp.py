"""aiohttp: every request of a client session."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_jobkit.retry_safety.channels.base import Channel, Patches
from pytest_jobkit.retry_safety.channels.reading.http_request import Answer, Errors, read_request, send_async
from pytest_jobkit.retry_safety.effects.runtime import reporting

if TYPE_CHECKING:
    import aiohttp


class AiohttpChannel(Channel):
    """Hooks ``ClientSession._request``, which all methods of a session go through."""

    library = "aiohttp"

    def install(self, patches: Patches) -> None:
        import aiohttp
        from yarl import URL

        real: Any = aiohttp.ClientSession._request
        errors = Errors(aiohttp.ClientConnectionError, aiohttp.ServerTimeoutError)

        async def reported(
            session: aiohttp.ClientSession, method: str, str_or_url: Any, **options: Any
        ) -> aiohttp.ClientResponse:
            runtime = reporting()
            if runtime is None:
                return await real(session, method, str_or_url, **options)  # type: ignore[no-any-return]
            url = URL(str_or_url)
            base = getattr(session, "_base_url", None)
            if base is not None and not url.absolute:
                url = base.join(url)
            if options.get("params"):
                url = url.extend_query(options["params"])
            headers = [*session.headers.items(), *dict(options.get("headers") or {}).items()]
            body = options["json"] if options.get("json") is not None else options.get("data")
            request = read_request(errors, method, str(url), headers, body)
            act = partial(real, session, method, str_or_url, **options)
            return await send_async(runtime, request, act, _answer, _close)

        patches.replace(aiohttp.ClientSession, "_request", reported)


def _answer(response: aiohttp.ClientResponse) -> Answer:
    return Answer(response.status, response.headers)


async def _close(response: aiohttp.ClientResponse) -> None:
    response.close()
