"""``--fix`` and ``--diff``: passes of linting and mending until nothing is left to mend.

A file is written once, at the end, atomically, in its encoding, with its byte order mark and line ends. What does not
parse after a fix is not kept: the fix is undone and told as a fault of its rule.
"""

from __future__ import annotations

import ast
import codecs
import difflib
import io
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

from jobkit_lint.atomic import write_atomically
from jobkit_lint.diagnostic import Finding, Problem
from jobkit_lint.fixes import apply_fixes, is_wanted
from jobkit_lint.runner import Outcome, Request, run
from jobkit_lint.source import Source, Unreadable

MAX_PASSES = 20


@dataclass
class Mended:
    """The last outcome, and files as they were and as they are now, by shown path; `count` fixes were applied."""

    outcome: Outcome
    before: dict[str, Source] = field(default_factory=dict)
    after: dict[str, Source] = field(default_factory=dict)
    count: int = 0
    failed: list[Problem] = field(default_factory=list)

    def diff(self) -> str:
        """What changed, as a unified diff."""
        parts: list[str] = []
        for path, before in self.before.items():
            old, new = before.text, self.after[path].text
            parts += difflib.unified_diff(_lines(old), _lines(new), path, path)
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in parts)

    def write(self, in_memory: Iterable[str] = ()) -> None:
        """Writes the changed files, less those that were only `in_memory`; one that cannot be written is a problem."""
        for path, source in self.after.items():
            if path in in_memory:
                continue
            target = Path(self.outcome.program.path_of(path))
            try:
                present = target.read_bytes()
                if present == source.content:
                    # the same file by another name, through a link
                    continue
                if present != self.before[path].content:
                    reason = "has changed while it was linted; its fixes were not written, run again"
                    self.outcome.problems.append(Problem("unwritable", path, reason))
                    continue
                write_atomically(target, source.content)
            except OSError as error:
                reason = f"cannot be written: {error.strerror or error}; its fixes were not applied"
                self.outcome.problems.append(Problem("unwritable", path, reason))


def mend(request: Request, unsafe: bool) -> Mended:
    """Lints, applies fixes in memory and lints again, until there is nothing more to apply. Writes nothing."""
    outcome = run(request)
    mended = Mended(outcome)
    refused: set[tuple[str, str, str]] = set()
    for _ in range(MAX_PASSES):
        changed = _one_pass(mended, unsafe, refused)
        if not changed:
            break
        contents = {outcome.program.path_of(path): source.content for path, source in mended.after.items()}
        on_disk = [path for path, _ in outcome.program.files if path not in contents and path not in request.contents]
        again = replace(request, paths=on_disk, contents={**request.contents, **contents})
        mended.outcome = run(again)
        mended.outcome.seconds += outcome.seconds
    else:
        codes = sorted({finding.code for finding in mended.outcome.findings if is_wanted(finding, unsafe)})
        reason = f"fixes come to no end after {MAX_PASSES} passes ({', '.join(codes)}); please report it"
        mended.failed.append(Problem("rule", "the whole program", reason, None, codes[0] if codes else None))
    mended.outcome.fixed = mended.count
    mended.outcome.problems += mended.failed
    return mended


def _one_pass(mended: Mended, unsafe: bool, refused: set[tuple[str, str, str]]) -> bool:
    """Applies what can be applied at once to each file; whether anything has changed."""
    changed = False
    for path, found in groupby(mended.outcome.findings, key=lambda finding: finding.path):
        wanted = [one for one in found if is_wanted(one, unsafe) and (path, one.code, one.message) not in refused]
        if not wanted:
            continue
        try:
            source = mended.outcome.program.source(mended.outcome.program.path_of(path))
        except Unreadable:
            continue
        text, count = _parsing(source, wanted, unsafe, mended, refused)
        if count and text != source.text:
            mended.before.setdefault(path, source)
            mended.after[path] = Source(path, encoded(text, source))
            mended.count += count
            changed = True
    return changed


def _parsing(
    source: Source, findings: Sequence[Finding], unsafe: bool, mended: Mended, refused: set[tuple[str, str, str]]
) -> tuple[str, int]:
    """The text with the fixes; where they do not parse together, with those that do one by one."""
    text, count = apply_fixes(source.text, findings, unsafe)
    if _parses(text):
        return text, count
    good: list[Finding] = []
    for finding in findings:
        text, _ = apply_fixes(source.text, [*good, finding], unsafe)
        if _parses(text):
            good.append(finding)
        else:
            refused.add((finding.path, finding.code, finding.message))
            reason = f"the fix of rule {finding.code} would leave a file that does not parse; please report it"
            mended.failed.append(Problem("rule", finding.path, reason, finding.line, finding.code))
    return apply_fixes(source.text, good, unsafe)


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def encoded(text: str, before: Source) -> bytes:
    """The text in the encoding of `before`, with its byte order mark."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(before.content).readline)
    mark = codecs.BOM_UTF8 if before.content.startswith(codecs.BOM_UTF8) else b""
    return mark + text.encode("utf-8" if mark else encoding)


def _lines(text: str) -> list[str]:
    return list(_line_by_line(text))


def _line_by_line(text: str) -> Iterator[str]:
    """Lines with their ends, split only where an editor would."""
    return iter(io.StringIO(text, newline="").readlines())
