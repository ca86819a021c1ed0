"""A file has one subject: at 400 lines there is a second one in it."""

from __future__ import annotations

from pathlib import Path

LIMIT = 400
FOLDERS = ("jobkit", "lint", "pytest_plugin", "tests", "docs", ".ci")
EXEMPT: frozenset[str] = frozenset()


def test_no_file_is_longer_than_the_limit(checkout: Path) -> None:
    lengths = {
        path.relative_to(checkout).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for folder in FOLDERS
        for path in (checkout / folder).rglob("*.py")
    }

    too_long = {name: lines for name, lines in lengths.items() if lines > LIMIT and name not in EXEMPT}

    assert "jobkit/__init__.py" in lengths
    assert too_long == {}, "find the second subject of these files and give it a file of its own"


def test_the_exemptions_are_files_that_need_one(checkout: Path) -> None:
    needless = [name for name in EXEMPT if len((checkout / name).read_text().splitlines()) <= LIMIT]

    assert needless == []
