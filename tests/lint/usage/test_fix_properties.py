"""Fixes of every rule, over mixtures of the rules' own examples in every layout of a file."""

from __future__ import annotations

import ast
import io
import tokenize

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobkit_lint.config import convert
from jobkit_lint.explain import has_fix
from jobkit_lint.fixing import mend
from jobkit_lint.rules.examples import FIRST_FILE, Bad
from jobkit_lint.rules.proof import ROOT
from jobkit_lint.rules.registry import all_rules
from jobkit_lint.runner import Request

FIXING = [rule for rule in all_rules() if has_fix(rule)]
EXAMPLES = [
    (rule, example)
    for rule in FIXING
    for example in rule.examples
    if isinstance(example, Bad) and FIRST_FILE in example.files
]


def mended(files: dict[str, bytes], table: dict[str, object]):
    contents = {str(ROOT / path): content for path, content in files.items()}
    return mend(Request([], convert(table, "test"), ROOT, all_rules(), 1, contents), unsafe=True)


def after(result, files: dict[str, bytes]) -> dict[str, bytes]:
    changed = {path.removeprefix(f"{ROOT}/"): source.content for path, source in result.after.items()}
    return {**files, **changed}


def comments(text: str) -> list[str]:
    """The comments that are none of the linter's business."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    found = [token.string for token in tokens if token.type == tokenize.COMMENT]
    return [comment for comment in found if "jobkit:" not in comment and "noqa" not in comment]


@st.composite
def layouts(draw: st.DrawFn) -> tuple[dict[str, bytes], dict[str, object], str]:
    """A fixable example with blank lines and comments strewn in, and the line ends and mark of some editor."""
    _, example = draw(st.sampled_from(EXAMPLES))
    lines = example.files[FIRST_FILE].split("\n")
    number = 0
    for place in sorted(draw(st.sets(st.integers(0, len(lines) - 1), max_size=4)), reverse=True):
        if _is_between_statements(example.files[FIRST_FILE], place):
            number += 1
            lines.insert(place, draw(st.sampled_from([f"# näme {number}", "", "\x0c"])))
    text = "\n".join(lines)
    end = draw(st.sampled_from(["\n", "\r\n"]))
    mark = draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))
    files = {path: other.encode() for path, other in example.files.items()}
    files[FIRST_FILE] = mark + text.replace("\n", end).encode()
    return files, dict(example.settings), end


def _is_between_statements(text: str, line: int) -> bool:
    """Whether a statement of the module's top begins at this line (from 0), so that a line may go before it."""
    return any(node.lineno - 1 == line and not hasattr(node, "decorator_list") for node in ast.parse(text).body)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(layouts())
def test_a_fixed_file_parses_keeps_its_layout_and_is_fixed_for_good(layout):
    files, table, end = layout

    first = mended(files, table)
    fixed = after(first, files)

    assert first.failed == []
    before, text = (content[FIRST_FILE].removeprefix(b"\xef\xbb\xbf").decode() for content in (files, fixed))
    ast.parse(text)
    assert fixed[FIRST_FILE].startswith(b"\xef\xbb\xbf") == files[FIRST_FILE].startswith(b"\xef\xbb\xbf")
    assert text.count(end) == text.count("\n")
    assert comments(text) == comments(before)
    again = mended(fixed, table)
    assert again.after == {}
    assert again.count == 0


@pytest.mark.parametrize("rule", FIXING, ids=lambda rule: rule.code)
def test_the_fix_of_each_rule_leaves_none_of_its_fixable_findings(rule):
    for example in rule.examples:
        if isinstance(example, Bad) and example.fixed is not None:
            files = {path: text.encode() for path, text in example.files.items()}

            result = mended(files, dict(example.settings))

            left = [one for one in result.outcome.findings if one.code == rule.code and one.fix is not None]
            assert left == [], example.title
            assert result.count >= 1


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(EXAMPLES), min_size=2, max_size=4, unique_by=lambda pair: id(pair[1])))
def test_examples_of_several_rules_are_mended_side_by_side(chosen):
    files: dict[str, bytes] = {}
    for number, (_, example) in enumerate(chosen):
        if list(example.files) == [FIRST_FILE] and not example.settings:
            files[f"shop{number}/tasks.py"] = example.files[FIRST_FILE].encode()

    fixed = after(mended(files, {}), files)

    for content in fixed.values():
        ast.parse(content)
    assert mended(fixed, {}).after == {}
