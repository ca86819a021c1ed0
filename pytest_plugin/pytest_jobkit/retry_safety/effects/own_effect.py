"""`effect`: how a client that no channel knows reports what it does. Three lines make a new channel."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Hashable
from contextvars import Token
from types import TracebackType
from typing import Any, Literal, TypeVar, cast

from pytest_jobkit.retry_safety.effects.record import Effect, ErrorMaker, Mode, Operation, State, brief
from pytest_jobkit.retry_safety.effects.runtime import Runtime, inside_effect, reporting

Function = TypeVar("Function", bound=Callable[..., Any])


class EffectInProgress:
    """What ``with effect(...) as call`` yields.

    Attributes:
        deduplicated: set it to True if the receiver answered from memory, to False if it acted once more. None leaves
            it to the key: a receiver that has seen the key is taken to answer from memory.
    """

    deduplicated: bool | None = None


class effect:  # used like a function, as contextlib.suppress is
    """Reports a call that outlives the process, as a context manager or as a decorator, sync or async::

        with effect("gateway", "capture", key=f"order-{order.id}", body=order.cents):
            client.capture(order)

        @effect("sms", "send", error=CarrierDown)
        def send(number: str, text: str) -> None: ...

    Outside of a retry-safety check it does nothing.

    Args:
        channel: the word that policies use: ``channels={"sms": at_most_once}``.
        operation: what is done, without its data. A decorator takes the function's name if it is left out.
        key: the idempotency key that the receiver goes by, or None. For a decorator also a function of the call's
            arguments.
        body: the data of the call; two calls with equal operation and body are the same event. A decorator takes the
            call's arguments.
        mode: ``"write"``, or ``"read"`` for what cannot change the world.
        error: makes the error of a call that did not take place, from one sentence.
        lost: makes the error of a call that took place, but whose answer was lost; `error` when left out.
        resource: what is touched, for two deliveries at once; the key and the operation when left out.
        ttl: seconds until what the call stores is gone by itself: a lock, a lease. Redeliveries come after it, too.

    Raises:
        ValueError: `mode` is neither word.
    """

    def __init__(
        self,
        channel: str,
        operation: str = "",
        *,
        key: Any = None,
        body: Any = None,
        mode: Literal["read", "write"] = "write",
        error: ErrorMaker = TimeoutError,
        lost: ErrorMaker | None = None,
        resource: Hashable = None,
        ttl: float | None = None,
    ) -> None:
        if resource is None:
            resource = (channel, operation if key is None or callable(key) else key)
        self._operation = _operation(channel, operation, mode, resource, error, lost)
        self._key = key
        self._body = body
        self._ttl = ttl
        self._open: list[tuple[Runtime, Effect, EffectInProgress, Token[bool]] | None] = []

    def __enter__(self) -> EffectInProgress:
        call = EffectInProgress()
        runtime = reporting()
        if runtime is None:
            self._open.append(None)
            return call
        operation, body = self._operation, self._body
        key = self._key
        text = "" if body is None else brief(body)
        announced = runtime.announce(operation, text, key, None if key is None else repr(body))
        announced.ttl = self._ttl
        if announced.state is State.WRONG:
            answer = runtime.wrong(announced)
            raise TypeError(
                f"wrong answers for {operation.channel!r} must be exceptions, since a with-block has no answer to "
                f"replace; got {answer!r}. Use effect(...) as a decorator to answer with a value."
            )
        self._open.append((runtime, announced, call, inside_effect.set(True)))
        return call

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> Literal[False]:
        opened = self._open.pop()
        if opened is None:
            return False
        runtime, announced, call, token = opened
        inside_effect.reset(token)
        if kind is not None:
            announced.state = State.FAILED
            return False
        runtime.done(announced, deduplicated=call.deduplicated)
        return False

    async def __aenter__(self) -> EffectInProgress:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> Literal[False]:
        return self.__exit__(kind, error, traceback)

    def __call__(self, function: Function) -> Function:
        """Each call of the function is an effect."""
        given = self._operation
        operation = Operation(
            given.channel, given.name or function.__name__, given.mode,
            resource=given.resource, refuse=given.refuse, lose_answer=given.lose_answer,
        )  # fmt: skip
        signature = inspect.signature(function)

        def parts(arguments: tuple[Any, ...], kwarguments: dict[str, Any]) -> dict[str, Any]:
            bound = signature.bind(*arguments, **kwarguments).arguments
            body = (
                self._body if self._body is not None else {k: v for k, v in bound.items() if k not in ("self", "cls")}
            )
            key = self._key(*arguments, **kwarguments) if callable(self._key) else self._key
            return {"detail": brief(body), "key": key, "body": None if key is None else repr(body)}

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def reported_async(*arguments: Any, **kwarguments: Any) -> Any:
                runtime = reporting()
                if runtime is None:
                    return await function(*arguments, **kwarguments)
                act = functools.partial(function, *arguments, **kwarguments)
                return await runtime.perform_async(operation, act, **parts(arguments, kwarguments))

            return cast(Function, reported_async)

        @functools.wraps(function)
        def reported(*arguments: Any, **kwarguments: Any) -> Any:
            runtime = reporting()
            if runtime is None:
                return function(*arguments, **kwarguments)
            act = functools.partial(function, *arguments, **kwarguments)
            return runtime.perform(operation, act, **parts(arguments, kwarguments))

        return cast(Function, reported)


@functools.lru_cache
def _operation(
    channel: str,
    name: str,
    mode: Literal["read", "write"],
    resource: Hashable,
    error: ErrorMaker,
    lost: ErrorMaker | None,
) -> Operation:
    return Operation(channel, name, Mode(mode), resource=resource, refuse=error, lose_answer=lost)
