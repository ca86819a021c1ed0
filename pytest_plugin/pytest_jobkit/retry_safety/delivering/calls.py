"""What is delivered: a job with the arguments that one message carries."""

from __future__ import annotations

from typing import Any


class Call:
    """A job and the arguments that one message carries; `job_arguments` makes them, and so can you."""

    __slots__ = ("arguments", "job", "kwarguments")

    def __init__(self, job: Any, /, *arguments: Any, **kwarguments: Any) -> None:
        self.job = job
        self.arguments = arguments
        self.kwarguments = kwarguments

    @property
    def name(self) -> str:
        """The job's name, for people."""
        name = getattr(self.job, "__name__", None) or getattr(self.job, "name", None) or type(self.job).__name__
        return str(name)

    def __repr__(self) -> str:
        words = [*map(repr, self.arguments), *(f"{key}={value!r}" for key, value in self.kwarguments.items())]
        return f"{self.name}({', '.join(words)})"
