"""Words for people that every text of the plugin shares."""

from __future__ import annotations


def shown_error(error: BaseException) -> str:
    """An error on one line: its class, and its text if it has one."""
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[0]}" if text else type(error).__name__


def counted(number: int, noun: str) -> str:
    """So many of something: ``1 job``, ``2 jobs``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
