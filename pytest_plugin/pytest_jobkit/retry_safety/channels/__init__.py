"""One file a library: how its calls become effects. A new file here is a new channel; nothing else names it."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from pytest_jobkit.retry_safety.channels.base import Channel, Patches, Saver

__all__ = ["Channel", "Patches", "Saver", "channel_classes", "wanted_channels"]


@cache
def channel_classes() -> tuple[type[Channel], ...]:
    """Every channel in this package, in the order of the file names."""
    found: list[type[Channel]] = []
    for file in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{file.name}")
        found.extend(
            thing
            for thing in vars(module).values()
            if isinstance(thing, type)
            and issubclass(thing, Channel)
            and thing is not Channel
            and thing.__module__ == module.__name__
        )
    return tuple(found)


def wanted_channels() -> list[Channel]:
    """A fresh instance of each channel whose library the program has imported."""
    return [channel() for channel in channel_classes() if channel.wanted()]
