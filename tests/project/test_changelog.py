"""The form of CHANGELOG.md: Keep a Changelog, full sentences, newest first."""

from __future__ import annotations

import re
import tomllib
from itertools import groupby
from pathlib import Path

import pytest

KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


@pytest.fixture
def lines(checkout: Path) -> list[str]:
    """The changelog's lines."""
    return (checkout / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()


def test_it_begins_with_what_is_not_released_yet(lines: list[str]) -> None:
    releases = [line for line in lines if line.startswith("## ")]

    assert releases[0] == "## [Unreleased]"


def test_each_release_has_its_version_and_its_date(lines: list[str]) -> None:
    releases = [line for line in lines if line.startswith("## ")][1:]

    odd = [line for line in releases if not re.fullmatch(r"## \[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", line)]

    assert odd == []


def test_changes_stand_under_the_six_usual_words(lines: list[str]) -> None:
    words = {line.removeprefix("### ") for line in lines if line.startswith("### ")}

    assert words
    assert words <= KINDS


def test_each_change_is_a_full_sentence(lines: list[str]) -> None:
    body = "\n".join(lines).split("## [Unreleased]", 1)[1]
    changes = [item.replace("\n ", "") for item in re.findall(r"^- (.+(?:\n  .+)*)", body, re.MULTILINE)]

    unfinished = [change for change in changes if not re.match(r"[A-Z`*]", change) or not change.endswith(".")]

    assert changes
    assert unfinished == []


def test_no_blank_line_parts_the_changes_of_one_kind(lines: list[str]) -> None:
    for blank, group in groupby(lines, key=lambda line: not line.strip()):
        assert not blank or len(list(group)) == 1


def test_the_version_of_the_package_is_released_or_about_to_be(lines: list[str], checkout: Path) -> None:
    version = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]["version"]
    released = [match[1] for line in lines if (match := re.match(r"## \[(\d.*?)\]", line))]

    assert not released or version >= released[0]
