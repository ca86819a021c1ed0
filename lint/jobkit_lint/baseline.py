"""The baseline: findings of yesterday that are not told today, so that a linter can be adopted in old code.

An entry is known by rule, file, job and the text of the source, without line numbers and spaces: it holds when lines
move and stops holding when the code changes. Equal ones are counted. Paths are relative to the baseline's folder.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from jobkit_lint.atomic import write_atomically
from jobkit_lint.diagnostic import Finding
from jobkit_lint.errors import UsageError

DEFAULT_NAME = "jobkit-baseline.json"
VERSION = 1
Key = tuple[str, str, str, str]
Lines = Callable[[str], list[str]]


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`count` findings of rule `code` in the file `path`, in `job`, whose source has the hash `source`."""

    path: str
    code: str
    job: str
    source: str
    count: int = 1

    @property
    def key(self) -> Key:
        """What a finding is compared by."""
        return (self.path, self.code, self.job, self.source)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    findings: tuple[Entry, ...]


@dataclass(frozen=True)
class StaleEntry:
    """An entry of which only `found` findings are left; `baseline` is the file as shown, `line` its place there."""

    entry: Entry
    found: int
    baseline: str
    line: int


class Baseline:
    """The entries of a file at `path`, which is shown as `shown`."""

    def __init__(self, path: Path, shown: str, entries: Iterable[Entry], content: str = "") -> None:
        self.path = path
        self.shown = shown
        self.entries = tuple(entries)
        self._content = content

    def split(self, findings: Iterable[Finding], lines: Lines) -> tuple[list[Finding], Counter[Key]]:
        """The findings that are not in the baseline, and how often each key of it was met."""
        left = Counter({entry.key: entry.count for entry in self.entries})
        met: Counter[Key] = Counter()
        fresh = []
        for finding in findings:
            key = key_of(finding, self.path.parent, lines)
            if met[key] < left[key]:
                met[key] += 1
            else:
                fresh.append(finding)
        return fresh, met

    def stale(self, met: Counter[Key], is_judged: Callable[[Entry, Path], bool]) -> list[StaleEntry]:
        """Entries that were met less often than they say, of those for which the run can tell.

        `is_judged` is asked with the entry and the absolute path of its file.
        """
        found = []
        folder = self.path.absolute().parent
        for entry in self.entries:
            if met[entry.key] < entry.count and is_judged(entry, folder / entry.path):
                found.append(StaleEntry(entry, met[entry.key], self.shown, self._line(entry)))
        return found

    def _line(self, entry: Entry) -> int:
        wanted = [msgspec.json.encode(part).decode() for part in (entry.path, entry.code, entry.source)]
        for number, line in enumerate(self._content.split("\n"), 1):
            if all(part in line for part in wanted):
                return number
        return 1

    def pruned(self, stale: Sequence[StaleEntry]) -> Baseline:
        """The baseline with only as many of each entry as there were findings."""
        found = {one.entry.key: one.found for one in stale}
        kept = [msgspec.structs.replace(entry, count=found.get(entry.key, entry.count)) for entry in self.entries]
        return Baseline(self.path, self.shown, [entry for entry in kept if entry.count > 0])

    def write(self) -> None:
        """Writes the file, an entry a line, sorted: two branches that change it can be merged."""
        rows = ",\n".join(
            f"    {msgspec.json.encode(entry).decode()}" for entry in sorted(self.entries, key=lambda one: one.key)
        )
        listed = f"[\n{rows}\n  ]" if rows else "[]"
        text = f'{{\n  "version": {VERSION},\n  "findings": {listed}\n}}\n'
        try:
            write_atomically(self.path, text.encode())
        except OSError as error:
            raise UsageError(f"{self.shown}: the baseline cannot be written: {error.strerror or error}") from error


def key_of(finding: Finding, folder: Path, lines: Lines) -> Key:
    """Path below `folder`, rule, job, and the hash of the source of a finding."""
    # pathlib cannot walk up before Python 3.12
    shown = os.path.relpath(Path(finding.path).resolve(), folder.resolve()).replace(os.sep, "/")
    text = " ".join(" ".join(lines(finding.path)[finding.line - 1 : finding.end_line]).split())
    digest = hashlib.sha256((text or finding.message).encode()).hexdigest()[:16]
    return (shown, finding.code, finding.job or "", digest)


def of_findings(path: Path, shown: str, findings: Iterable[Finding], lines: Lines) -> Baseline:
    """A baseline that holds all these findings."""
    counts = Counter(key_of(finding, path.parent, lines) for finding in findings)
    return Baseline(path, shown, [Entry(*key, count=count) for key, count in sorted(counts.items())])


def read_baseline(path: Path, shown: str, content: bytes | None = None) -> Baseline:
    """The baseline in a file. Raises `UsageError` with what is wrong with it."""
    try:
        data = path.read_bytes() if content is None else content
    except OSError as error:
        advice = "write one with --write-baseline"
        raise UsageError(f"{shown}: the baseline cannot be read: {error.strerror or error}; {advice}") from error
    try:
        held = msgspec.json.decode(data, type=_File)
        text = data.decode()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{shown}: is no baseline: {error}; write one with --write-baseline") from error
    if held.version != VERSION:
        raise UsageError(f"{shown}: is a baseline of version {held.version}; this linter reads version {VERSION}")
    return Baseline(path, shown, held.findings, text)
