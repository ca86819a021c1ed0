"""`containing`: a value that has at least these parts, for `with_args` and for any ``==``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


class Containing:
    """Equal to every value that has at least the given parts; made by `containing`."""

    __slots__ = ("parts",)

    def __init__(self, parts: Any) -> None:
        self.parts = parts

    def __eq__(self, other: object) -> bool:
        return next(self.missing(other), None) is None

    __hash__ = None  # type: ignore[assignment]  # as for every value that equals many others

    def missing(self, found: object) -> Iterator[str]:
        """What `found` lacks, one line a part, each with the path to it."""
        return _missing(self.parts, found, "")

    def __repr__(self) -> str:
        return f"containing({self.parts!r})"


def containing(parts: Any) -> Any:
    """A value that equals every value with at least these parts, at any depth, as Oban's ``args:``.

    A mapping needs the given keys, and may have others; ``unittest.mock.ANY`` as a value means any. A list or tuple
    needs as many items, each containing the one at its place. Anything else is compared with ``==``::

        have_enqueued_job(ship).with_args(containing({"order": {"id": 42, "note": ANY}}))
    """
    return Containing(parts)


def _missing(wanted: Any, found: Any, path: str) -> Iterator[str]:
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        for key, value in wanted.items():
            here = f"{path}[{key!r}]"
            if key in found:
                yield from _missing(value, found[key], here)
            else:
                yield f"{here} is missing"
    elif isinstance(wanted, (list, tuple)) and isinstance(found, (list, tuple)):
        if len(wanted) != len(found):
            yield f"{path or 'the whole'}: {len(wanted)} items are wanted, {len(found)} are there"
            return
        for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from _missing(one, other, f"{path}[{number}]")
    elif wanted != found:
        yield f"{path or 'the whole'} is {found!r}, {wanted!r} is wanted"
