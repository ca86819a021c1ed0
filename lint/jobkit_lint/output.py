"""Where the output goes and in which colours."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from jobkit_lint.atomic import write_atomically
from jobkit_lint.errors import UsageError

COLOURS = ("auto", "always", "never")


def write(text: str, path: str | None) -> None:
    """Writes to the file at `path`, atomically, or to standard output. Raises `UsageError` if it cannot be."""
    if path is None:
        _print(text)
        return
    target = Path(path)
    try:
        if target.exists() and not target.is_file():
            # a pipe or a device
            with target.open("w", encoding="utf-8") as stream_file:
                stream_file.write(text)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, text.encode(errors="backslashreplace"))
    except OSError as error:
        raise UsageError(f"--output-file {path}: cannot be written: {error.strerror or error}") from error


def _print(text: str) -> None:
    if sys.stdout is None:
        raise UsageError("standard output is closed; name a file with --output-file")
    try:
        stream = getattr(sys.stdout, "buffer", None)
        if stream is None:
            sys.stdout.write(text)
        else:
            # a terminal that cannot show a character of the source must not stop the report
            sys.stdout.flush()
            stream.write(text.encode(sys.stdout.encoding or "utf-8", errors="backslashreplace"))
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        silence()
        raise UsageError(f"standard output cannot be written: {error.strerror or error}") from error


def wants_colour(wish: str, output_file: str | None) -> bool:
    """Whether to colour: as ``--color`` says, else NO_COLOR and FORCE_COLOR, else on a terminal only."""
    if wish != "auto":
        return wish == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    is_read = output_file is None and sys.stdout is not None and sys.stdout.isatty()
    return is_read and os.environ.get("TERM") != "dumb"


def silence() -> None:
    """Nobody reads standard output any more: Python must not complain again when it closes the stream."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
