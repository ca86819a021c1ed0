"""Where in the user's code a message was enqueued."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import jobkit

_KEPT = 3
_FOREIGN = tuple(
    f"{path}{os.sep}"
    for path in (
        *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        Path(jobkit.__file__).parent,
        Path(__file__).parent.parent,
    )
)
_is_user_file: dict[str, bool] = {}


class Frame(NamedTuple):
    """One place of the user's code."""

    path: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} in {self.function}"


def is_user_code(path: str) -> bool:
    """Whether a file is of the user: neither of a library nor of ours."""
    known = _is_user_file.get(path)
    if known is None:
        known = _is_user_file[path] = not path.startswith(("<", *_FOREIGN)) and "site-packages" not in path
    return known


def user_frames() -> tuple[Frame, ...]:
    """The innermost places of the user's code on this thread's stack, innermost first; neither libraries nor us."""
    found: list[Frame] = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        path = code.co_filename
        if is_user_code(path):
            found.append(Frame(path, frame.f_lineno, code.co_qualname))
            if len(found) == _KEPT:
                break
        frame = frame.f_back
    return tuple(found)
