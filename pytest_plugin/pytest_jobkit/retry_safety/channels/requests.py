"""requests: every request of a session, whatever adapter carries it (also those of requests-mock and responses).

The hook is `Session.send`, above the adapters, so that redirects are one effect and adapters of tests are seen as well.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_jobkit.retry_safety.channels.base import Channel, Patches
from pytest_jobkit.retry_safety.channels.reading.http_request import Answer, Errors, read_request, send
from pytest_jobkit.retry_safety.effects.runtime import reporting

if TYPE_CHECKING:
    import requests


class RequestsChannel(Channel):
    """Hooks ``requests.Session.send``."""

    library = "requests"

    def install(self, patches: Patches) -> None:
        import requests

        real = requests.Session.send
        errors = Errors(requests.ConnectionError, requests.ReadTimeout)

        def reported(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
            runtime = reporting()
            if runtime is None:
                return real(session, request, **options)

            def answer(response: requests.Response) -> Answer:
                content = None if options.get("stream", session.stream) else response.content
                return Answer(response.status_code, response.headers, content)

            effect = read_request(
                errors, request.method or "GET", request.url or "", request.headers.items(), request.body
            )
            return send(runtime, effect, partial(real, session, request, **options), answer)

        patches.replace(requests.Session, "send", reported)
