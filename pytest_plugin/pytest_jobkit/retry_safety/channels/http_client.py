"""http.client, and with it urllib.request and xmlrpc: every request that no client above it has reported.

A request is an effect from the end of its headers, when the first byte is sent, to its response.
"""

from __future__ import annotations

import http.client
from typing import Any
from weakref import WeakKeyDictionary

from pytest_jobkit.retry_safety.channels.base import Channel, Patches
from pytest_jobkit.retry_safety.channels.reading.http_request import Answer, Errors, read_request, settle
from pytest_jobkit.retry_safety.effects.record import Effect, State
from pytest_jobkit.retry_safety.effects.runtime import Runtime, inside_effect, reporting

_ERRORS = Errors(ConnectionRefusedError, TimeoutError)


class _Unsent:
    """The head of a request that is being put together."""

    def __init__(self, method: str, url: str) -> None:
        self.method = method
        self.url = url
        self.headers: list[tuple[Any, Any]] = []


class HttpClientChannel(Channel):
    """Hooks the four steps of ``HTTPConnection``: ``putrequest, putheader, endheaders, getresponse``."""

    library = "http.client"

    def __init__(self) -> None:
        self._unsent: WeakKeyDictionary[http.client.HTTPConnection, _Unsent] = WeakKeyDictionary()
        self._sent: WeakKeyDictionary[http.client.HTTPConnection, tuple[Runtime, Effect]] = WeakKeyDictionary()

    def install(self, patches: Patches) -> None:
        kind = http.client.HTTPConnection
        put_request, put_header, end_headers = kind.putrequest, kind.putheader, kind.endheaders
        get_response = kind.getresponse

        def reported_request(connection: Any, method: str, url: str, *more: Any, **options: Any) -> None:
            if reporting() is not None:
                self._unsent[connection] = _Unsent(method, _address(connection, url))
            put_request(connection, method, url, *more, **options)

        def reported_header(connection: Any, header: Any, *values: Any) -> None:
            unsent = self._unsent.get(connection)
            if unsent is not None and values:
                unsent.headers.append((header, values[0]))
            put_header(connection, header, *values)

        def reported_end(connection: Any, message_body: Any = None, **options: Any) -> None:
            runtime, unsent = reporting(), self._unsent.pop(connection, None)
            if runtime is None or unsent is None:
                end_headers(connection, message_body, **options)
                return
            request = read_request(_ERRORS, unsent.method, unsent.url, unsent.headers, message_body)
            effect = runtime.announce(*request, depth=3)
            self._sent[connection] = (runtime, effect)
            if effect.state is State.WRONG:
                return
            token = inside_effect.set(True)
            try:
                end_headers(connection, message_body, **options)
            except BaseException:
                effect.state = State.FAILED
                raise
            finally:
                inside_effect.reset(token)

        def reported_response(connection: Any) -> Any:
            runtime, effect = self._sent.pop(connection, (None, None))
            if runtime is None or effect is None:
                return get_response(connection)
            if effect.state is State.WRONG:
                return runtime.wrong(effect)
            try:
                response = get_response(connection)
            except BaseException:
                effect.state = State.FAILED
                raise
            try:
                settle(runtime, effect, Answer(response.status, response.headers))  # type: ignore[arg-type]
            except BaseException:
                response.close()
                raise
            return response

        patches.replace(kind, "putrequest", reported_request)
        patches.replace(kind, "putheader", reported_header)
        patches.replace(kind, "endheaders", reported_end)
        patches.replace(kind, "getresponse", reported_response)


def _address(connection: http.client.HTTPConnection, url: str) -> str:
    return url if "://" in url else f"http://{connection.host}:{connection.port}{url}"
