"""botocore and boto3: every request that is sent to AWS, each try of its own retries by itself.

An operation whose name says that it reads (``Get``, ``List``, ``Describe`` and the like) is a read. The identity of an
object that is stored is its key with its content; elsewhere a client token in the body is the idempotency key.
"""

from __future__ import annotations

import importlib
import json
import re
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pytest_jobkit.retry_safety.channels.base import Channel, Patches
from pytest_jobkit.retry_safety.channels.reading.http_request import (
    Answer,
    Errors,
    Request,
    body_text,
    http_operation,
    read_request,
    send,
)
from pytest_jobkit.retry_safety.effects.record import ErrorMaker, Mode
from pytest_jobkit.retry_safety.effects.runtime import reporting

_READING = re.compile(r"(Get|BatchGet|List|Describe|Head|Query|Scan|Select|Search|Lookup|Receive)(?![a-z])")
_TOKENS = ("clienttoken", "clientrequesttoken", "idempotencytoken", "messagededuplicationid", "creatorrequestid")


class BotocoreChannel(Channel):
    """Hooks ``URLLib3Session.send``, through which every client of botocore sends."""

    library = "botocore.httpsession"

    def install(self, patches: Patches) -> None:
        exceptions = importlib.import_module("botocore.exceptions")  # botocore has no types
        session_type: Any = importlib.import_module("botocore.httpsession").URLLib3Session

        real = session_type.send
        errors = Errors(_without_words(exceptions.EndpointConnectionError), _without_words(exceptions.ReadTimeoutError))

        def reported(session: Any, request: Any) -> Any:
            runtime = reporting()
            if runtime is None:
                return real(session, request)
            return send(runtime, _effect_of(errors, request), partial(real, session, request), _answer)

        patches.replace(session_type, "send", reported)


def _without_words(error: Any) -> ErrorMaker:
    """Botocore's errors are made from an address; the sentence of the injection stands in its place."""

    def make(words: str) -> BaseException:
        return error(endpoint_url=words)  # type: ignore[no-any-return]

    return make


def _effect_of(errors: Errors, request: Any) -> Request:
    headers = [(str(name), value) for name, value in request.headers.items()]
    body = request.body
    if hasattr(body, "read") and hasattr(body, "seek"):
        at = body.tell()
        body = body.read()
        request.body.seek(at)
    read = read_request(errors, request.method, request.url, headers, body)
    target = next((_plain(value) for name, value in headers if name.lower() == "x-amz-target"), "").rpartition(".")[2]
    fields = _fields(body_text(body))
    called = target or str(fields.get("Action", ""))
    if called:
        key = next((value for name, value in fields.items() if name.lower() in _TOKENS and value), None)
        mode = Mode.READ if _READING.match(called) else Mode.WRITE
        resource = (urlsplit(request.url).netloc, called) if key is None else ("key", str(key))
        operation = http_operation(errors, called, mode, resource)
        return Request(operation, read.detail, None if key is None else str(key), None if key is None else repr(fields))
    if request.method == "PUT" and read.key is None:
        # To store the same content under the same name again changes nothing.
        return read._replace(key=f"{urlsplit(request.url).path} {body_text(body)}", body=body_text(body))
    return read


def _fields(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {name: values[0] for name, values in parse_qs(text).items()}
    return value if isinstance(value, dict) else {}


def _plain(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _answer(response: Any) -> Answer:
    return Answer(response.status_code, dict(response.headers))
