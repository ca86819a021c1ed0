"""What a job class declares, gathered from its decorators, attributes and base classes into one value.

Decorators write into the `Declared` of the class or function they stand on; `Definition` joins those of all base
classes once, when the job is first used.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from jobkit.callbacks import Callback
from jobkit.errors import ConfigError
from jobkit.guards import Guard
from jobkit.retry.exhaustion import RetryOptions
from jobkit.retry.handlers import ErrorHandler, Handler

ATTRIBUTE = "__jobkit_declared__"

#: class attributes that are the delivery layer's options, as Sidekiq's ``sidekiq_options``
RETRY_ATTRIBUTES = ("retry", "retry_in", "retries_exhausted", "dead", "retry_queue", "retry_for")


@dataclass(slots=True)
class Declared:
    """What stands on one class or function itself, in the order of its source, top to bottom."""

    handlers: list[ErrorHandler] = field(default_factory=list)
    callbacks: list[Callback] = field(default_factory=list)
    after_discard: list[Handler] = field(default_factory=list)
    guards: list[Guard] = field(default_factory=list)

    def put_above(self, other: Declared) -> None:
        """Take in what was declared above all that is here already."""
        self.handlers[:0] = other.handlers
        self.callbacks[:0] = other.callbacks
        self.after_discard[:0] = other.after_discard
        self.guards[:0] = other.guards


def declare(target: Any, word: str, declared: Declared) -> Any:
    """Note `declared` on a job class, a `@job` function, or a function that `@job` will take; returns `target`.

    Decorators are applied from the bottom up, so each goes above those that came before.

    Raises:
        ConfigError: `target` cannot be a job.
    """
    owner = getattr(target, "job_class", target)
    if isinstance(owner, type):
        own = owner.__dict__.get(ATTRIBUTE)
        if own is None:
            raise ConfigError(f"@{word} stands on {owner.__qualname__}, which is not a jobkit Job")
        own.put_above(declared)
        owner._forget_definition()  # type: ignore[attr-defined]  # what has declarations is a Job class
    elif callable(owner):
        own = owner.__dict__.setdefault(ATTRIBUTE, Declared())
        own.put_above(declared)
    else:
        raise ConfigError(f"@{word} stands on {owner!r}; it goes on a Job class or a job function")
    return target


class Definition:
    """Everything that running and enqueueing a job class needs to know, looked up once.

    Attributes:
        name: the name under which messages find the class again.
        is_async: whether performing needs an event loop.
        retry_options: the delivery layer's options; None where the class declares none.
    """

    def __init__(self, job_class: type[Any]) -> None:
        self.job_class = job_class
        self.name = f"{job_class.__module__}.{job_class.__qualname__}"
        self.perform: Callable[..., Any] = job_class.perform
        layers = [vars(base)[ATTRIBUTE] for base in reversed(job_class.__mro__) if ATTRIBUTE in vars(base)]
        self.handlers = tuple(handler for layer in layers for handler in layer.handlers)
        for handler in self.handlers:
            handler.module = handler.module or job_class.__module__
        self.after_discard = tuple(proc for layer in layers for proc in layer.after_discard)
        self.guards: tuple[Guard, ...] = tuple(guard for layer in layers for guard in layer.guards)
        callbacks = _last_of_each_name(callback for layer in layers for callback in layer.callbacks)
        self.enqueue_callbacks = tuple(callback for callback in callbacks if callback.chain == "enqueue")
        self.perform_callbacks = tuple(callback for callback in callbacks if callback.chain == "perform")
        for callback in self.enqueue_callbacks:
            if callback.is_async:
                raise ConfigError(
                    f"{self.name}: enqueue callback {callback.name!r} is async, but perform_later does not wait; "
                    "make it a plain function"
                )
        self.signature = _signature_of(job_class)
        self._positional = _positional_arity(self.signature)
        self.is_async = inspect.iscoroutinefunction(inspect.unwrap(self.perform)) or any(
            callback.is_async for callback in self.perform_callbacks
        )
        self.queue = inspect.getattr_static(job_class, "queue", None)
        self.priority = inspect.getattr_static(job_class, "priority", None)
        self.strict: bool = bool(job_class.strict)
        self.retry_options = _retry_options(job_class)
        #: whether performing is the body alone: no event loop, no guards, no callbacks
        self.is_plain = not (self.is_async or self.guards or self.perform_callbacks)
        self.json_name = json.dumps(self.name)
        self.custom_payload = bool(getattr(job_class, "_custom_payload", False))

    @property
    def shown(self) -> str:
        """The name for people: without the module."""
        return self.job_class.__qualname__.rpartition(".")[2]

    def check_call(self, arguments: tuple[Any, ...], kwarguments: dict[str, Any]) -> None:
        """Raise TypeError, naming the job, if perform cannot be called so."""
        arity = self._positional
        if arity is not None and not kwarguments and arity[0] <= len(arguments) <= arity[1]:
            return
        try:
            self.signature.bind(*arguments, **kwarguments)
        except TypeError as error:
            raise TypeError(f"{self.shown}{self.signature} cannot be called like this: {error}") from None


def _signature_of(job_class: type[Any]) -> inspect.Signature:
    """The signature of perform as a caller of perform_later sees it, without `self`."""
    static = inspect.getattr_static(job_class, "perform")
    signature = inspect.signature(job_class.perform)
    if isinstance(static, staticmethod):
        return signature
    return signature.replace(parameters=list(signature.parameters.values())[1:])


def _positional_arity(signature: inspect.Signature) -> tuple[float, float] | None:
    """(fewest, most) positional arguments of a plain call; None where a parameter needs a closer look."""
    fewest, most = 0.0, 0.0
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            most = float("inf")
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            most += 1
            fewest += parameter.default is parameter.empty
        elif parameter.kind is parameter.KEYWORD_ONLY and parameter.default is parameter.empty:
            return None
    return fewest, most


def _retry_options(job_class: type[Any]) -> RetryOptions | None:
    said: dict[str, Any] = {}
    for name in RETRY_ATTRIBUTES:
        value = inspect.getattr_static(job_class, name, None)
        if value is not None:
            said[name] = value.__func__ if isinstance(value, staticmethod) else value
    return RetryOptions(**said) if said else None


def _last_of_each_name(callbacks: Iterable[Callback]) -> list[Callback]:
    """The callbacks with, of two methods of one name in a chain, only the later; anonymous ones all stay."""
    kept: dict[object, Callback] = {}
    for callback in callbacks:
        named = getattr(callback.function, "__qualname__", "<lambda>")
        key: object = object() if "<lambda>" in named else (callback.chain, callback.kind, callback.name)
        kept.pop(key, None)
        kept[key] = callback
    return list(kept.values())
