"""The table of what other libraries' helpers can do: complete, and each row leads to an example that is run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTING = Path(__file__).resolve().parents[3] / "docs" / "testing"
ROW = re.compile(r"^\| (\d+) \| ([^|]+) \|(.*)\|$", re.MULTILINE)
LINK = re.compile(r"\[([^]]+)\]\((\w+\.md)#([\w-]+)\)")


def rows(part: int) -> list[tuple[int, str, str]]:
    """The rows of the first table (0), or of the second (1)."""
    text = (TESTING / "union.md").read_text(encoding="utf-8").split("## What nobody there has")[part]
    return [(int(number), name.strip(), rest) for number, name, rest in ROW.findall(text)]


def sections(page: str) -> dict[str, str]:
    """The text below each heading of a page, by the heading's anchor."""
    text = (TESTING / page).read_text(encoding="utf-8")
    parts = re.split(r"^##+ (.+)$", text, flags=re.MULTILINE)[1:]
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-"): body
        for heading, body in zip(parts[::2], parts[1::2], strict=True)
    }


def test_sixty_features_and_fifteen_gaps_are_there() -> None:
    assert [number for number, _, _ in rows(0)] == list(range(1, 61))
    assert [number for number, _, _ in rows(1)] == list(range(1, 16))


@pytest.mark.parametrize(("number", "name", "rest"), [*rows(0), *rows(1)], ids=lambda value: str(value)[:40])
def test_a_row_leads_to_an_example_that_is_run(number: int, name: str, rest: str) -> None:
    links = LINK.findall(rest)

    assert links, f"row {number}, {name}, has no link"
    for heading, page, anchor in links:
        body = sections(page).get(anchor)
        assert body is not None, f"{page} has no heading {heading!r}"
        assert re.search(r"^(async )?def test_\w+\(|^\$ pytest", body, re.MULTILINE), f"no test below {heading!r}"


def test_a_row_that_does_not_work_here_says_why() -> None:
    text = (TESTING / "union.md").read_text(encoding="utf-8")
    without = [number for number, _, rest in rows(0) if rest.split("|")[0].strip() != "Y"]

    assert [number for number in without if f"Row {number} does not make sense in Python" not in text] == []
