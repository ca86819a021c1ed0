"""Job ids: uuid4 in form, from a source that the engine seeds, so that a run can be repeated."""

from __future__ import annotations

import random


class IdSource:
    """Makes job ids from `source`; two sources with the same seed make the same ids."""

    def __init__(self, source: random.Random) -> None:
        self._bits = source.getrandbits

    def job_id(self) -> str:
        """A fresh id with the form of a uuid4."""
        digits = f"{self._bits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
