"""``--add-ignores``: a comment for each finding of now, for those who would rather see them in the code."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

from msgspec import structs

from jobkit_lint.diagnostic import Applicability, Edit, Finding, Fix
from jobkit_lint.fixes import apply_fixes
from jobkit_lint.fixing import Mended, encoded
from jobkit_lint.runner import Request, run
from jobkit_lint.source import Source, Unreadable
from jobkit_lint.suppressions import Suppression, suppressions_in, widened


def add_ignores(request: Request, reason: str) -> Mended:
    """Lints, and puts a comment with `reason` on a line of each finding, in memory. What is left had no place for one.

    `count` is how many findings the comments keep back.
    """
    outcome = run(request)
    mended = Mended(outcome)
    linted = {shown for _, shown in outcome.program.files}
    for path, found in groupby(outcome.findings, key=lambda finding: finding.path):
        if path not in linted:
            # the baseline has no comments
            continue
        try:
            source = outcome.program.source(outcome.program.path_of(path))
        except Unreadable:
            continue
        text, _ = apply_fixes(source.text, _comments(source, found, reason), unsafe=False)
        if text != source.text:
            mended.before[path] = source
            mended.after[path] = Source(path, encoded(text, source))
    contents = {outcome.program.path_of(path): source.content for path, source in mended.after.items()}
    on_disk = [path for path, _ in outcome.program.files if path not in contents and path not in request.contents]
    mended.outcome = run(replace(request, paths=on_disk, contents={**request.contents, **contents}))
    mended.count = len(outcome.findings) - len(mended.outcome.findings)
    return mended


def _comments(source: Source, findings: Iterable[Finding], reason: str) -> list[Finding]:
    """The findings, one a line, with a fix that writes the comment for all findings of that line."""
    ends = _line_ends(source)
    by_line: dict[int, list[Finding]] = {}
    for finding in findings:
        line = next((end for end in ends if end >= finding.line), None)
        if line is not None:
            by_line.setdefault(line, []).append(finding)
    there = {one.line: one for one in suppressions_in(source) if one.is_ours and one.codes and not one.whole_file}
    fixed = []
    for line, group in by_line.items():
        codes = sorted({finding.code for finding in group})
        edit = _edit(source, line, codes, reason, there.get(line))
        fixed.append(structs.replace(group[0], fix=Fix(Applicability.SAFE, "add a comment", (edit,))))
    return fixed


def _edit(source: Source, line: int, codes: list[str], reason: str, there: Suppression | None) -> Edit:
    if there is not None:
        return widened(source, there, codes)
    column = len(source.lines[line - 1].rstrip()) + 1
    text = f"  # jobkit: ignore[{', '.join(codes)}] {reason}".rstrip()
    return Edit(line, column, line, len(source.lines[line - 1]) + 1, text)


def _line_ends(source: Source) -> list[int]:
    """The lines behind which a comment may stand: not inside a text of several lines, nor before a continuation."""
    tokens = tokenize.generate_tokens(io.StringIO("\n".join(source.lines)).readline)
    return sorted({token.start[0] for token in tokens if token.type in (tokenize.NEWLINE, tokenize.NL)})
