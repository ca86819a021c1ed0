"""The path to a value that cannot be stored, and the message that names it.

Paths are Python expressions on the job: ``arguments[0]["items"][3]``, ``kwarguments["order"].lines[2]``; an element
of a set has no index and is written ``{element}``. A path is put together only on the way out of a failure, so that
encoding pays nothing for it.
"""

from __future__ import annotations

import json

#: how deep arguments may be nested, as in Ruby's JSON (max_nesting); a cycle is found when it is exceeded
DEPTH_LIMIT = 100


class Unsupported(Exception):
    """A value that cannot be stored with a job; becomes a `SerializationError` once its path is known.

    Args:
        what: the value in words, ``"an open file"``.
        advice: what to pass instead, as a sentence without its full stop.
    """

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what)
        self.what = what
        self.advice = advice
        self._steps: list[tuple[object, str]] = []

    def inside(self, container: object, step: str) -> None:
        """Notes, innermost first, that the value was met in `container` at `step`."""
        self._steps.append((container, step))

    def message(self, root: str) -> str:
        """The path to the value, what it is and what to pass instead; `root` is the path of the argument."""
        path = root + "".join(step for _, step in reversed(self._steps))
        return f"{path}: {self.what} cannot be stored with a job. {self.advice}."


class TooDeep(Unsupported):
    """Arguments that are nested too deep, most often because a value contains itself."""

    def __init__(self) -> None:
        super().__init__(
            f"a value nested more than {DEPTH_LIMIT} levels deep",
            "Pass ids, or flatten the structure",
        )

    def message(self, root: str) -> str:
        """Names the first value that contains itself; without one, the outermost argument."""
        path, met = root, dict[int, str]()
        for container, step in reversed(self._steps):
            origin = met.get(id(container))
            if origin is not None and origin != path:
                return (
                    f"{path}: a circular reference (it is {origin} again) cannot be stored with a job. "
                    "Pass ids, or a structure that does not contain itself."
                )
            met[id(container)] = path
            path += step
        return f"{root}: {self.what} cannot be stored with a job. {self.advice}."


def argument_path(index: int) -> str:
    """The path of a positional argument."""
    return f"arguments[{index}]"


def kwargument_path(name: str) -> str:
    """The path of a keyword argument."""
    return f"kwarguments[{json.dumps(name, ensure_ascii=False)}]"


def index_step(index: int) -> str:
    """The step to an item of a list or a tuple."""
    return f"[{index}]"


def key_step(key: object) -> str:
    """The step to the value under `key` of a dict."""
    return f"[{json.dumps(key, ensure_ascii=False) if isinstance(key, str) else repr(key)}]"


def field_step(name: str) -> str:
    """The step to a field of a dataclass or a named tuple."""
    return f".{name}"


#: the step to an element of a set
ELEMENT_STEP = "{element}"
