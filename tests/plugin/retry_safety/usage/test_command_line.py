"""What the command line asks of the checks of a run, and the memory of last time's failures."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest

SHOP = """
import sqlite3
from types import SimpleNamespace
from pytest_jobkit.retry_safety import effect, retry_safe, world

here = SimpleNamespace()

@world
def shop():
    here.db = sqlite3.connect(":memory:")
    here.db.executescript("create table payments(order_id int unique, status text)")
    yield here
    here.db.close()

def charge(order_id, key=None):
    with effect("http", "POST /charges", body={"order": order_id}, key=key):
        pass

def record(order_id):
    here.db.execute("insert or ignore into payments values (?, 'paid')", (order_id,))
    here.db.commit()

def unsafe(order_id):
    charge(order_id)
    record(order_id)

def safe(order_id):
    charge(order_id, key=f"order-{order_id}")
    record(order_id)

@retry_safe(unsafe, "<script>1</script>", world=shop)
def test_unsafe(shop): ...

@retry_safe(safe, 1, world=shop)
def test_safe(shop): ...
"""


def run(pytester: pytest.Pytester, *options: str, shop: str = SHOP) -> pytest.RunResult:
    pytester.makepyfile(test_shop=shop)
    return pytester.runpytest_subprocess("-p", "no:randomly", *options)


def test_one_schedule_runs_in_every_check(pytester: pytest.Pytester):
    result = run(pytester, "--retry-safety-replay", "rs1:1.kill2")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*replay: rs1:1.kill2", "*label: db commit @record #1"])


def test_the_depth_and_the_budget_of_the_command_line_win(pytester: pytest.Pytester):
    result = run(pytester, "--retry-safety-depth=1", "--retry-safety-report=out/checks.json")

    result.assert_outcomes(passed=1, failed=1)
    checks = json.loads((pytester.path / "out" / "checks.json").read_text())["checks"]
    assert [(check["safe"], check["complete"], check["closed"]) for check in checks] == [
        (False, 1, False),
        (True, 1, False),
    ]

    result = run(pytester, "--retry-safety-budget=0", "-k", "test_safe")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*INCOMPLETE, the budget ended first*"])


def test_a_schedule_that_has_failed_is_tried_first_and_follows_its_label(pytester: pytest.Pytester):
    first = run(pytester, "-k", "test_unsafe")
    first.stdout.fnmatch_lines(["*replay: rs1:1.noack3"])
    first.stdout.no_fnmatch_line("*tried first*")

    second = run(pytester, "-k", "test_unsafe")
    second.assert_outcomes(failed=1)
    second.stdout.fnmatch_lines(["*replay: rs1:1.noack3", "*has failed in an earlier run and was tried first*"])

    repaired = SHOP.replace("    charge(order_id)\n", "    charge(order_id, key=order_id)\n")
    run(pytester, "-k", "test_unsafe", shop=repaired).assert_outcomes(passed=1)
    third = run(pytester, "-k", "test_unsafe")
    third.stdout.no_fnmatch_line("*tried first*")


def test_json_tells_schedule_effects_and_coverage(pytester: pytest.Pytester):
    run(pytester, "--retry-safety-report=checks.json", "-n", "2")

    unsafe, safe = json.loads((pytester.path / "checks.json").read_text())["checks"]
    assert unsafe["test"] == "test_shop.py::test_unsafe"
    assert (unsafe["verdict"], unsafe["schedule"], unsafe["labels"]) == ("not retry-safe", "rs1:1.noack3", "ack")
    assert [finding["kind"] for finding in unsafe["findings"]] == ["duplicate"]
    assert [delivery["acknowledged"] for delivery in unsafe["deliveries"]] == [False, True]
    effect = unsafe["deliveries"][1]["effects"][0]
    line = (
        SHOP.strip().splitlines().index('    with effect("http", "POST /charges", body={"order": order_id}, key=key):')
        + 1
    )
    assert (effect["label"], effect["line"], effect["remark"]) == (
        "http POST /charges @charge",
        line,
        "◀ second time",
    )
    assert {"gap": 1, "kind": "kill", "delay": 0, "tried": "safe"} in safe["coverage"]
    assert safe["closed"] is True
    assert safe["world"] is not None


class Tags(HTMLParser):
    """The tags of a page, and the text of its cells by class."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.cells: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "td":
            self.cells.append(dict(attrs).get("class") or "")


def test_the_page_has_a_grid_and_is_safe_against_markup(pytester: pytest.Pytester):
    result = run(pytester, "--retry-safety-report=checks.html")

    result.stdout.fnmatch_lines(["jobkit: the report of 2 retry safety checks is *checks.html"])
    page = (pytester.path / "checks.html").read_text(encoding="utf-8")
    tags = Tags(page)
    assert {"table", "details"} <= tags.tags
    assert not {"script", "link", "img"} & tags.tags
    assert "://" not in page
    assert "bad" in tags.cells
    assert "good" in tags.cells
    assert "◀ second time" in page


def test_a_report_in_no_known_format_is_refused(pytester: pytest.Pytester):
    result = run(pytester, "--retry-safety-report=checks.txt")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--retry-safety-report=checks.txt: the name must end in .json or .html"])
