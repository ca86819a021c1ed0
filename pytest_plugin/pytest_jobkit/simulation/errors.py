"""Which attempt fails with what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobkit import ConfigError

#: pytest leaves these frames out of tracebacks: an error is about the line of the test that leads here
__tracebackhide__ = True

ErrorOrType = BaseException | type[BaseException]
Raising = ErrorOrType | Sequence[ErrorOrType | None]


@dataclass(frozen=True, slots=True)
class ErrorPlan:
    """The errors by attempt.

    Attributes:
        errors: one entry an attempt; None lets that attempt run.
        always: raised in every attempt after those.
    """

    errors: tuple[ErrorOrType | None, ...]
    always: ErrorOrType | None = None

    @classmethod
    def of(cls, raising: Raising, times: int | None) -> ErrorPlan:
        """The plan that ``raising=`` and ``times=`` give.

        Raises:
            ConfigError: an entry is no error, or `times` stands beside a list.
        """
        if isinstance(raising, (list, tuple)):
            if times is not None:
                raise ConfigError(
                    "times= and a list in raising= contradict each other: the list has one entry an attempt"
                )
            for entry in raising:
                _check(entry)
            return cls(tuple(raising))
        if raising is None:
            raise ConfigError("raising=None: an error, or a list with an entry for each attempt, is wanted")
        _check(raising)
        if times is None:
            return cls((), raising)  # type: ignore[arg-type]  # a sequence was handled above
        if isinstance(times, bool) or times < 1:
            raise ConfigError(f"times={times!r}: a number of failing attempts from 1 is wanted; None fails all of them")
        return cls((raising,) * times)  # type: ignore[arg-type]  # a sequence was handled above

    def error_of(self, attempt: int) -> BaseException | None:
        """A fresh error for attempt number `attempt` (1 for the first); None lets it run."""
        entry = self.errors[attempt - 1] if attempt <= len(self.errors) else self.always
        if entry is None:
            return None
        if isinstance(entry, BaseException):
            entry.__context__ = None
            return entry.with_traceback(None)
        try:
            return entry(f"simulated in attempt {attempt}")
        except TypeError as error:
            raise ConfigError(
                f"raising={entry.__name__}: it cannot be made of a text alone ({error}); "
                f"give an instance, raising={entry.__name__}(...)"
            ) from error


def _check(entry: object) -> None:
    is_type = isinstance(entry, type) and issubclass(entry, BaseException)
    if entry is not None and not is_type and not isinstance(entry, BaseException):
        raise ConfigError(f"raising={entry!r}: an exception or its class is wanted, or None to let an attempt run")
