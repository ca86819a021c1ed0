"""What the linter has to say, as values: findings in the user's code, and problems that kept it from looking.

Reporters turn them into text. Paths are relative to the working directory, with ``/``; lines and columns
count from 1, columns in characters.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

# the code under which files that cannot be read or parsed are told, ignored and explained
PARSE_ERROR = "JK900"


class Severity(StrEnum):
    """How much a finding matters; `--fail-on` compares them."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """2 for an error, 1 for a warning, 0 for information."""
        return {"error": 2, "warning": 1, "info": 0}[self.value]


class Confidence(StrEnum):
    """CERTAIN: callee and value are resolved. LIKELY: one assumption was made; shown with ``--pedantic``."""

    CERTAIN = "certain"
    LIKELY = "likely"


class Applicability(StrEnum):
    """SAFE: behaviour stays but for the defect. UNSAFE: read the change before you keep it."""

    SAFE = "safe"
    UNSAFE = "unsafe"


class Edit(msgspec.Struct, frozen=True):
    """Replace a range (lines from 1, columns from 1 in characters, end exclusive) by `text`."""

    line: int
    column: int
    end_line: int
    end_column: int
    text: str


class Fix(msgspec.Struct, frozen=True):
    """A change that removes the finding: what it does in words, and its edits, which do not overlap."""

    applicability: Applicability
    description: str
    edits: tuple[Edit, ...]


class Recipe(msgspec.Struct, frozen=True):
    """The fault that would show the finding at run time: the retry-safety explorer runs these schedules.

    `faults` are its fault kinds, for instance ``("kill",)``; `line` is the line of the effect, `where`
    says which gap is meant: ``after``, ``before``, ``inside`` or ``at``.
    """

    faults: tuple[str, ...]
    where: str
    line: int
    expects: str


class Link(msgspec.Struct, frozen=True):
    """One call on the way from the job to the place of the finding."""

    name: str
    path: str
    line: int


class Finding(msgspec.Struct, frozen=True):
    """One place in the user's code that a rule objects to."""

    code: str
    name: str
    severity: Severity
    confidence: Confidence
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    message: str
    job: str | None = None
    chain: tuple[Link, ...] = ()
    fix: Fix | None = None
    recipe: Recipe | None = None
    help_url: str | None = None

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        """The key that findings are sorted by."""
        return (self.path, self.line, self.column, self.code, self.message)


class Problem(msgspec.Struct, frozen=True):
    """A file that could not be read or parsed, or a rule that failed on it. The rest was linted; status 2."""

    kind: str
    path: str
    message: str
    line: int | None = None
    rule: str | None = None

    @property
    def order(self) -> tuple[str, int, str]:
        """The key that problems are sorted by."""
        return (self.path, self.line or 0, self.message)
