"""What the channels of HTTP clients have in common: a request read as an effect, a response as its outcome."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qs, urlsplit

from pytest_jobkit.retry_safety.effects.record import Effect, ErrorMaker, Mode, Operation, State, brief
from pytest_jobkit.retry_safety.effects.runtime import Runtime, inside_effect

Response = TypeVar("Response")

_READS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "QUERY", "PROPFIND"})
_LOOPBACK = frozenset({"", "localhost", "127.0.0.1", "::1"})
_KEY_HEADERS = ("idempotency-key", "x-idempotency-key", "idempotency-token", "paypal-request-id")
_REPLAYED_HEADERS = ("idempotent-replayed", "idempotency-replayed", "x-idempotent-replayed", "x-idempotency-replayed")
_WIDTH = 60
#: the first status of those that refuse a request
_REFUSED = 400


class Errors(NamedTuple):
    """What a client raises when nobody takes the request, and when nobody answers in time."""

    refuse: ErrorMaker
    lose_answer: ErrorMaker


class Request(NamedTuple):
    """A request as an effect."""

    operation: Operation
    detail: object
    key: Hashable
    body: Hashable


class Answer(NamedTuple):
    """What a response says about the outcome; `content` is None where reading it would take it from the job."""

    status: int
    headers: Mapping[str, str]
    content: bytes | None = None


@lru_cache(maxsize=4096)
def http_operation(errors: Errors, name: str, mode: Mode, resource: Hashable) -> Operation:
    """The operation for requests of one method at one address."""
    return Operation(
        "http", name, mode, resource=resource, refuse=errors.refuse, lose_answer=errors.lose_answer
    )  # fmt: skip


def read_request(
    errors: Errors, method: str, url: str, headers: Iterable[tuple[Any, Any]], body: object = None
) -> Request:
    """Method and address name the effect, the body is its data, a header may carry its idempotency key.

    The port of a server on this machine is left out of the name: it is another one in each run. Methods that RFC 9110
    calls safe are reads. A body that can be read only once is not looked at.
    """
    method = method.upper()
    parts = urlsplit(url)
    host = parts.hostname or ""
    name = f"{method} {'' if host in _LOOPBACK else host}{parts.path or '/'}"
    key = idempotency_key(headers)
    mode = Mode.READ if method in _READS else Mode.WRITE
    text = body_text(body)
    detail = " ".join(filter(None, (f"?{parts.query}" if parts.query else "", _shown(text))))
    operation = http_operation(errors, name, mode, (parts.netloc, parts.path) if key is None else ("key", key))
    return Request(operation, detail, key, None if key is None else text)


def idempotency_key(headers: Iterable[tuple[Any, Any]]) -> str | None:
    """The key by which the receiver recognises a repeated request, from the header that carries it."""
    found = {_text(name).lower(): _text(value) for name, value in headers}
    return next((found[name] for name in _KEY_HEADERS if found.get(name)), None)


def body_text(body: object) -> str:
    """A request's body as text that is equal for equal bodies; where it can be read only once, its type."""
    if body is None:
        return ""
    if isinstance(body, str):
        return body
    if isinstance(body, bytes | bytearray | memoryview):
        raw = bytes(body)
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return f"{len(raw)} bytes {_digest(raw)}"
    if isinstance(body, dict | list | tuple | int | float):
        return json.dumps(body, default=str)
    return f"({type(body).__name__})"


def _shown(text: str) -> str:
    """A body for people, short; a long one with a digest, so that different bodies stay different events."""
    try:
        value = json.loads(text)
    except ValueError:
        short = text
        if "=" in text and not any(letter.isspace() for letter in text):
            fields = parse_qs(text, keep_blank_values=True)
            short = brief({name: values[0] if len(values) == 1 else values for name, values in fields.items()}, 10_000)
    else:
        short = brief(value, 10_000)
    if len(short) <= _WIDTH:
        return " ".join(short.split())
    return f"{brief(short, _WIDTH - 10)} {_digest(text.encode())}"


def _digest(raw: bytes) -> str:
    return blake2b(raw, digest_size=4).hexdigest()


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def settle(runtime: Runtime, effect: Effect, answer: Answer) -> None:
    """Say how a request ended. A refused one did not take place; one answered from a key took place before."""
    if effect.operation.reads:
        if answer.content is not None:
            effect.answer = (answer.status, answer.content)
    elif answer.status >= _REFUSED:
        effect.state = State.FAILED
        effect.durable = False
        return
    headers = {name.lower(): value for name, value in answer.headers.items()}
    replayed = any(headers.get(name, "").lower() == "true" for name in _REPLAYED_HEADERS)
    runtime.done(effect, deduplicated=True if replayed else None)


def send(
    runtime: Runtime, request: Request, act: Callable[[], Response], read: Callable[[Response], Answer]
) -> Response:
    """Report a request around the call of the library that sends it and returns the response."""
    effect = runtime.announce(*request, depth=3)
    if effect.state is State.WRONG:
        return runtime.wrong(effect)  # type: ignore[no-any-return]  # the test's own answer, of whatever type
    token = inside_effect.set(True)
    try:
        response = act()
    except BaseException:
        effect.state = State.FAILED
        raise
    finally:
        inside_effect.reset(token)
    try:
        settle(runtime, effect, read(response))
    except BaseException:
        response.close()  # type: ignore[attr-defined]  # every client's response has it; the job never gets this one
        raise
    return response


async def send_async(
    runtime: Runtime,
    request: Request,
    act: Callable[[], Awaitable[Response]],
    read: Callable[[Response], Answer],
    close: Callable[[Response], Awaitable[object]],
) -> Response:
    """`send` for a client that is awaited."""
    effect = runtime.announce(*request, depth=3)
    if effect.state is State.WRONG:
        return runtime.wrong(effect)  # type: ignore[no-any-return]  # the test's own answer, of whatever type
    token = inside_effect.set(True)
    try:
        response = await act()
    except BaseException:
        effect.state = State.FAILED
        raise
    finally:
        inside_effect.reset(token)
    try:
        settle(runtime, effect, read(response))
    except BaseException:
        await close(response)
        raise
    return response
