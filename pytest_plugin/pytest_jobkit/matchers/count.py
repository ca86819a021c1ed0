"""How many jobs an expectation wants."""

from __future__ import annotations

from dataclasses import dataclass, replace

from jobkit import ConfigError

#: pytest leaves these frames out of tracebacks: an error is about the line of the test that leads here
__tracebackhide__ = True


@dataclass(frozen=True, slots=True)
class Count:
    """A range of numbers of jobs.

    Attributes:
        least, most: both inclusive; None for no upper limit.
        given: whether the test named it; else it is the default, exactly one.
    """

    least: int = 1
    most: int | None = 1
    given: bool = False

    def allows(self, number: int) -> bool:
        """Whether `number` jobs are as many as wanted."""
        return self.least <= number and (self.most is None or number <= self.most)

    def exactly(self, number: int, word: str) -> Count:
        """Exactly `number`; `word` is the modifier that was written."""
        _check(number, word)
        if self.given:
            raise ConfigError(f"{word} contradicts the count that was given before it, {self}: keep one of the two")
        return Count(number, number, given=True)

    def at_least(self, number: int) -> Count:
        """`number` or more, together with an `at_most` a range."""
        _check(number, f"at_least({number!r})")
        return self._narrowed(
            f"at_least({number})", replace(self, least=number, most=self.most if self.given else None)
        )

    def at_most(self, number: int) -> Count:
        """`number` or fewer, none included."""
        _check(number, f"at_most({number!r})")
        return self._narrowed(f"at_most({number})", replace(self, least=self.least if self.given else 0, most=number))

    def _narrowed(self, word: str, wanted: Count) -> Count:
        is_half_open = self.most is None if word.startswith("at_most") else self.least == 0 and self.most != 0
        if self.given and not is_half_open:
            raise ConfigError(f"{word} contradicts the count that was given before it, {self}: keep one of the two")
        if wanted.most is not None and wanted.least > wanted.most:
            raise ConfigError(f"{word} contradicts the count that was given before it, {self}: no number is both")
        return replace(wanted, given=True)

    def __str__(self) -> str:
        if self.most is None:
            return f"at least {self.least}"
        if self.least == self.most:
            return "none" if self.most == 0 else f"exactly {self.most}"
        return f"at most {self.most}" if self.least == 0 else f"{self.least} to {self.most}"


#: what is wanted where the test names no number
DEFAULT = Count()


def _check(number: int, word: str) -> None:
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise ConfigError(f"{word}: a number of jobs is wanted, 0 or more")
