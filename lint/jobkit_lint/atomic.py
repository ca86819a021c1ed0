"""Writes a file so that nobody ever sees half of it."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a new file beside `path` and moves it there. Keeps the mode, follows a link. Raises `OSError`."""
    target = path.resolve()
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
    fresh = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        if target.exists():
            fresh.chmod(stat.S_IMODE(target.stat().st_mode))
        else:
            mask = os.umask(0)
            os.umask(mask)
            fresh.chmod(0o666 & ~mask)
        fresh.replace(target)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
