"""Subscriptions to the events of every engine and adapter in the process, as ActiveSupport's notifications."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from jobkit.events import Event

Subscriber = Callable[[Event], None]


class Subscription:
    """A subscriber in force until `unsubscribe`, or until the end of the ``with`` block that it opens."""

    def __init__(self, callback: Subscriber, names: frozenset[str] | None) -> None:
        self.callback = callback
        self.names = names

    def unsubscribe(self) -> None:
        """End the subscription; doing so twice does no harm."""
        if self in subscriptions:
            subscriptions.remove(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.unsubscribe()


#: those in force, oldest first; an emitter looks here first, so that an event without subscribers costs nothing
subscriptions: list[Subscription] = []


def subscribe(
    callback: Subscriber, events: Iterable[str | type[Event]] | str | type[Event] | None = None
) -> Subscription:
    """Call `callback` with each event from now on.

    Args:
        callback: gets the event; what it raises reaches the code that caused the event.
        events: names (``"perform"``) or classes of the events wanted; None for all.
    """
    if events is None:
        names = None
    else:
        chosen = [events] if isinstance(events, (str, type)) else list(events)
        names = frozenset(event if isinstance(event, str) else event.name for event in chosen)
    subscription = Subscription(callback, names)
    subscriptions.append(subscription)
    return subscription


def publish(event: Event) -> None:
    """Hand `event` to those who subscribed to it."""
    for subscription in tuple(subscriptions):
        if subscription.names is None or event.name in subscription.names:
            subscription.callback(event)
