"""The broker of django-q for the length of a test: it hands each package on and keeps nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django_q.brokers import Broker  # type: ignore[import-untyped]  # django-q has no types


class EngineBroker(Broker):  # type: ignore[misc]  # a class without types
    """Feeds the engine.

    Args:
        list_key: the queue, which is a cluster's name; None for the configured one.
        push: takes a package for a queue, and gives its id in the broker.
    """

    def __init__(self, list_key: str | None, push: Callable[[str, str], str]) -> None:
        super().__init__(list_key)
        self._push = push
        #: receipts of packages that the monitor has acknowledged
        self.acknowledged: list[Any] = []

    def enqueue(self, package: str) -> str:
        return self._push(self.list_key, package)

    def acknowledge(self, receipt: Any) -> None:
        self.acknowledged.append(receipt)

    def ping(self) -> bool:
        return True

    def info(self) -> str:
        return "jobkit"
