"""Chance that a test holds: jitter at its least, at its most, or at a share between."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

from jobkit import ConfigError

#: pytest leaves these frames out of tracebacks: an error is about the line of the test that leads here
__tracebackhide__ = True

_SHARES = {"none": 0.0, "min": 0.0, "max": 1.0 - 2.0**-53}


class HeldChance(random.Random):
    """A source of chance that draws from its seed, or, while `share` is set, always the same share of the range."""

    share: float | None = None

    def random(self) -> float:
        return super().random() if self.share is None else self.share

    def getrandbits(self, k: int) -> int:
        return super().getrandbits(k) if self.share is None else int(self.share * (1 << k))

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        if self.share is None:
            return super().randrange(start, stop, step)
        possible = range(start) if stop is None else range(start, stop, step)
        return possible[min(int(self.share * len(possible)), len(possible) - 1)]


def share_of(jitter: str | float | None) -> float | None:
    """The share of its range at which jitter is held; None leaves it to the seed.

    Raises:
        ConfigError: `jitter` is neither a known word nor a number from 0 to 1.
    """
    if jitter is None:
        return None
    if isinstance(jitter, str):
        if jitter not in _SHARES:
            raise ConfigError(f'jitter={jitter!r}: give "none", "min", "max", or a share from 0 to 1')
        return _SHARES[jitter]
    if isinstance(jitter, bool) or not 0 <= jitter <= 1:
        raise ConfigError(f'jitter={jitter!r}: give "none", "min", "max", or a share from 0 to 1')
    return min(float(jitter), _SHARES["max"])


@contextmanager
def holding(sources: list[HeldChance], share: float | None) -> Iterator[None]:
    """Hold all `sources` at `share` for the length of the block."""
    before = [source.share for source in sources]
    for source in sources:
        source.share = share
    try:
        yield
    finally:
        for source, kept in zip(sources, before, strict=True):
            source.share = kept
