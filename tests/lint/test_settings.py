"""``[tool.jobkit.lint]``: what it may hold, and how a mistake in it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobkit_lint.config import convert, find_configuration, load
from jobkit_lint.errors import ConfigError
from jobkit_lint.settings import Settings


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"selct": ["JK1"]}, "[tool.jobkit.lint] has no key `selct`: did you mean `select`?"),
        ({"facts": {"payments": []}}, "[tool.jobkit.lint.facts] has no key `payments`: did you mean `payment`?"),
        ({"select": "JK1"}, "[tool.jobkit.lint]: Expected `array | null`, got `str` - at `select`"),
        ({"fail-on": "warn"}, "[tool.jobkit.lint]: `fail-on` is 'warn', did you mean `warning`?"),
        ({"call-depth": 9}, "[tool.jobkit.lint]: `call-depth` is 9; it may be 0 to 3"),
        ({"max-sleep": "long"}, "[tool.jobkit.lint]: Expected `float`, got `str` - at `max-sleep`"),
    ],
)
def test_a_mistake_is_told_with_file_key_and_what_would_be_right(table, message):
    with pytest.raises(ConfigError) as raised:
        convert(table, "pyproject.toml")

    assert str(raised.value) == f"pyproject.toml: {message}"


def test_the_nearest_file_with_a_table_wins(tmp_path: Path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("[tool.jobkit.lint]\npedantic = true\n")
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.other]\n")

    found = find_configuration(inner)

    assert found == tmp_path / "pyproject.toml"
    assert load(found) == Settings(pedantic=True)


def test_a_file_that_is_no_toml_is_told(tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text("[tool")

    with pytest.raises(ConfigError, match=r"pyproject\.toml: cannot be read as TOML"):
        find_configuration(tmp_path)


def test_an_unknown_framework_for_a_house_wrapper_is_told(program):
    with pytest.raises(
        ConfigError, match=r"`job-decorators`: shop\.job: 'celary' is no framework: did you mean `celery`"
    ):
        program({"a.py": ""}, job_decorators={"shop.job": "celary"})
