"""What a database channel reads off the text of a statement. The same text is looked at once."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from pytest_jobkit.retry_safety.effects.record import Mode

_WORDS = re.compile(r"\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*(\w+)", re.DOTALL)
_NAME = r"[`\"\[]?(\w+(?:[`\"\]]?\.[`\"\[]?\w+)?)[`\"\]]?"
_TABLE = {
    "select": re.compile(r"\bfrom\s+" + _NAME, re.IGNORECASE),
    "insert": re.compile(r"\binto\s+" + _NAME, re.IGNORECASE),
    "replace": re.compile(r"\binto\s+" + _NAME, re.IGNORECASE),
    "update": re.compile(r"\bupdate\s+(?:or\s+\w+\s+|only\s+)?" + _NAME, re.IGNORECASE),
    "delete": re.compile(r"\bfrom\s+(?:only\s+)?" + _NAME, re.IGNORECASE),
    "create": re.compile(r"\b(?:table|index|view|trigger)\s+(?:if\s+not\s+exists\s+)?" + _NAME, re.IGNORECASE),
    "with": re.compile(r"\b(?:into|update|delete\s+from)\s+" + _NAME, re.IGNORECASE),
}
_PREPOSITION = {"select": "from", "delete": "from", "insert": "into", "replace": "into"}
_WRITES_INSIDE = re.compile(r"\b(?:insert|update|delete|merge)\b", re.IGNORECASE)
_LOCKS = re.compile(
    r"\s+for\s+(?:no\s+key\s+)?update\b(?:\s+of\s+[\w\s,.\"]+?)?(?:\s+(?P<how>nowait|skip\s+locked))?\s*;?\s*$",
    re.IGNORECASE,
)
_RETURNING = re.compile(r"\breturning\b", re.IGNORECASE)
_READS = frozenset({"select", "values", "explain", "show", "pragma", "table"})
#: statements that only open or nest a transaction, or take it back: nothing that could be lost
_CONTROL = frozenset({"begin", "start", "savepoint", "release", "rollback", "abort", "set"})


class RowLock(StrEnum):
    """What ``SELECT ... FOR UPDATE`` does about a row that somebody else has locked."""

    WAIT = "wait"
    NOWAIT = "nowait"
    SKIP = "skip locked"


class Statement(NamedTuple):
    """A statement as the report and the conflict test see it."""

    verb: str
    table: str
    mode: Mode
    locks: RowLock | None
    returns_rows: bool

    @property
    def name(self) -> str:
        """``select from orders``, ``insert into orders``, ``update orders``, ``commit``."""
        if not self.table:
            return self.verb
        return " ".join(filter(None, (self.verb, _PREPOSITION.get(self.verb, ""), self.table)))

    @property
    def commits(self) -> bool:
        """Whether it ends a transaction for good."""
        return self.verb in ("commit", "end")

    @property
    def is_control(self) -> bool:
        """Whether it only opens, nests or takes back a transaction."""
        return self.verb in _CONTROL


def without_row_lock(sql: str) -> str:
    """The statement without ``FOR UPDATE``, for databases that do not know it."""
    return _LOCKS.sub("", sql)


@lru_cache(maxsize=4096)
def read_statement(sql: str) -> Statement:
    """Verb, table and mode of a statement."""
    found = _WORDS.match(sql)
    verb = found[1].lower() if found else "?"
    pattern = _TABLE.get(verb)
    table = pattern.search(sql) if pattern else None
    reads = verb in _READS or (verb == "with" and not _WRITES_INSIDE.search(sql))
    lock = _LOCKS.search(sql) if reads else None
    locks = None if lock is None else RowLock(" ".join((lock["how"] or "wait").lower().split()))
    if verb == "with":
        verb = "select" if reads else "write"
    name = re.sub(r"[`\"\[\]]", "", table[1]) if table else ""
    returns_rows = reads or _RETURNING.search(sql) is not None
    return Statement(verb, name, Mode.READ if reads and lock is None else Mode.WRITE, locks, returns_rows)
