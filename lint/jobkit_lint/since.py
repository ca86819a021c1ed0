"""``--since REF``: what a branch has changed, asked of git. Nothing of the repository is run."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from jobkit_lint.diagnostic import Finding
from jobkit_lint.errors import UsageError

_HUNK = re.compile(rb"^@@ -\S+ \+(\d+)(?:,(\d+))? @@")


@dataclass(frozen=True)
class Changes:
    """Lines changed since a commit, by absolute path; None for a file that is new.

    `commit` is what the working tree was compared with: the point where the branch left `ref`.
    """

    ref: str
    commit: str
    root: Path
    lines: dict[str, list[range] | None]

    def touch(self, path: str, first: int, last: int) -> bool:
        """Whether any of these lines of a file has changed."""
        absolute = os.path.realpath(path)
        if absolute not in self.lines:
            return False
        ranges = self.lines[absolute]
        return ranges is None or any(changed.start <= last and first < changed.stop for changed in ranges)

    def concern(self, finding: Finding) -> bool:
        """Whether the finding is on changed lines, or a call on the way to it is."""
        return self.touch(finding.path, finding.line, finding.end_line) or any(
            self.touch(link.path, link.line, link.line) for link in finding.chain
        )

    def content_before(self, path: str) -> bytes | None:
        """What a file held at `commit`; None if it was not there."""
        relative = os.path.relpath(os.path.realpath(path), self.root).replace(os.sep, "/")
        try:
            return _git(self.root, "show", f"{self.commit}:{relative}")
        except UsageError:
            return None

    def earlier(self) -> dict[str, bytes]:
        """What every file that changed, or is gone, held at `commit`, by absolute path; nothing for a new one."""
        listed = _git(
            self.root, "diff", "--no-renames", "--diff-filter=D", "--name-only", "-z", self.commit, "--", "*.py"
        )
        gone = [str(self.root / os.fsdecode(name)) for name in listed.split(b"\0") if name]
        return {path: self.content_before(path) or b"" for path in (*self.lines, *gone)}


def changes_since(ref: str, start: Path) -> Changes:
    """What the working tree around `start` changed since it left `ref`; files that git does not know yet are new.

    Raises `UsageError` if `start` is in no repository or `ref` is no commit of it.
    """
    if ref.startswith("-"):
        raise UsageError(f"--since {ref}: a reference cannot begin with a hyphen")
    root = Path(os.path.realpath(_git(start, "rev-parse", "--show-toplevel").decode().rstrip("\n")))
    try:
        wanted = _git(root, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}").decode().strip()
    except UsageError as error:
        advice = "name a branch, tag or commit; in CI the checkout may be too shallow (fetch-depth: 0)"
        raise UsageError(f"--since {ref}: git knows no such commit; {advice}") from error
    try:
        commit = _git(root, "merge-base", wanted, "HEAD").decode().strip()
    except UsageError:
        commit = wanted
    options = ("--no-ext-diff", "--no-textconv", "--no-color", "--find-renames", "--unified=0")
    patch = _git(
        root,
        "-c",
        "core.quotepath=false",
        "diff",
        *options,
        "--src-prefix=a/",
        "--dst-prefix=b/",
        commit,
        "--",
        "*.py",
        "*.pyi",
    )
    lines: dict[str, list[range] | None] = {}
    for path, changed in _changed(patch):
        lines[str(root / path)] = changed
    new = _git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", "*.py", "*.pyi")
    lines |= {str(root / os.fsdecode(name)): None for name in new.split(b"\0") if name}
    return Changes(ref, commit, root, lines)


def _changed(patch: bytes) -> Iterable[tuple[str, list[range]]]:
    """Each file of a patch with the ranges of its new lines; a removal counts for the lines on both sides of it."""
    path: str | None = None
    ranges: list[range] = []
    in_head = True
    for line in patch.split(b"\n"):
        if line.startswith(b"diff --git "):
            if path is not None:
                yield path, ranges
            path, ranges, in_head = None, [], True
        elif in_head and line.startswith(b"+++ "):
            name = _unquoted(line[4:].rstrip(b"\t"))
            path = os.fsdecode(name[2:]) if name != b"/dev/null" else None
        elif match := _HUNK.match(line):
            in_head = False
            first, count = int(match[1]), int(match[2] or 1)
            ranges.append(range(first, first + count) if count else range(first, first + 2))
    if path is not None:
        yield path, ranges


def _unquoted(name: bytes) -> bytes:
    if not name.startswith(b'"'):
        return name
    escaped = name[1:-1]
    return re.sub(
        rb"\\([0-7]{3}|.)",
        lambda match: bytes([int(match[1], 8)]) if len(match[1]) == 3 else _ESCAPES.get(match[1], match[1]),
        escaped,
    )


_ESCAPES = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}


def _git(folder: Path, *arguments: str) -> bytes:
    command = ["git", "-C", str(folder), *arguments]
    try:
        run = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    except FileNotFoundError as error:
        raise UsageError("--since needs git, and there is none on this machine") from error
    if run.returncode != 0:
        reason = run.stderr.decode(errors="replace").strip().partition("\n")[0] or f"git {arguments[0]} failed"
        raise UsageError(f"--since: {reason}")
    return run.stdout
