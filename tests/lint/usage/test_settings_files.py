"""Settings on the disk: which file holds, what it extends, and where a mistake in it is."""

from __future__ import annotations

import tomllib
from pathlib import Path

import jsonschema
import pytest

from jobkit_lint.config import FAIL_LEVELS, convert
from jobkit_lint.errors import ConfigError
from jobkit_lint.settings import Facts, Settings
from jobkit_lint.settings_schema import settings_schema

CHECKOUT = Path(__file__).resolve().parents[3]


def configure(folder: Path, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "pyproject.toml").write_text(f"[project]\nname = 'x'\n\n[tool.jobkit.lint]\n{text}\n")


def test_a_mistake_is_told_with_file_and_line(project, lint):
    configure(project, 'preview = true\nselct = ["JK1"]')

    ran = lint(".")

    assert ran.status == 2
    assert f"{project}/pyproject.toml:6: [tool.jobkit.lint] has no key `selct`: did you mean `select`?" in ran.err


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("preview = true\ncall-depth = 7", "6: [tool.jobkit.lint]: `call-depth` is 7; it may be 0 to 3"),
        ("preview = 'yes'", "5: [tool.jobkit.lint]: Expected `bool`, got `str` - at `preview`"),
        ("\n[tool.jobkit.lint.facts]\npayments = []", "7: [tool.jobkit.lint.facts] has no key `payments`"),
        ("facts.payments = []", "5: [tool.jobkit.lint.facts] has no key `payments`"),
        ("[tool.jobkit.lint.fact]\npayment = []", "5: [tool.jobkit.lint] has no key `fact`: did you mean `facts`?"),
        ("fail-on = 'never'", "5: [tool.jobkit.lint]: `fail-on` is 'never'"),
        ("min-version = '999'", "5: [tool.jobkit.lint]: needs jobkit 999 (`min-version`), and this is "),
        ("min-version = 'new'", "5: [tool.jobkit.lint]: `min-version` is 'new'; it must be numbers, as 0.1"),
        ("extend = 'gone.toml'", "`extend` names gone.toml, and there is no such file"),
        ("extend = 'pyproject.toml'", "`extend` leads back to this file"),
        ("job-decorators = {'a.b' = 'celary'}", "'celary' is no framework: did you mean `celery`?"),
    ],
)
def test_each_kind_of_mistake(project, lint, text, place):
    configure(project, text)

    ran = lint(".")

    assert ran.status == 2
    assert place in ran.err


def test_a_table_is_laid_over_the_one_that_it_extends(project, lint):
    configure(project / "base", 'ignore = ["JK1"]\nbaseline = "known.json"\nfail-on = "error"')
    configure(project, 'extend = "base/pyproject.toml"\nbaseline = "mine.json"')
    lint("--write-baseline", ".")

    text = lint("--show-settings", "tasks.py").out

    settings = tomllib.loads(text)["tool"]["jobkit"]["lint"]
    assert settings["ignore"] == ["JK1"]
    assert settings["fail-on"] == "error"
    assert settings["baseline"] == str(project / "mine.json")


def test_a_file_deeper_down_decides_for_the_files_below_it(project, lint):
    configure(project, 'ignore = ["JK101"]')
    configure(project / "legacy", 'ignore = ["JK201"]')
    configure(project / "plain", "")
    for folder in ("legacy", "plain"):
        (project / folder / "tasks.py").write_text((project / "tasks.py").read_text())

    ran = lint("--format", "json", ".")

    assert [(one["path"], one["code"]) for one in ran.report["findings"]] == [
        ("legacy/tasks.py", "JK101"),
        ("plain/tasks.py", "JK201"),
        ("plain/tasks.py", "JK101"),
        ("tasks.py", "JK201"),
    ]


def test_the_command_line_goes_before_every_file(project, lint):
    configure(project / "legacy", 'select = ["JK101"]')
    (project / "legacy" / "tasks.py").write_text((project / "tasks.py").read_text())

    ran = lint("--select", "JK201", "--format", "json", ".")

    assert {(one["path"], one["code"]) for one in ran.report["findings"]} == {
        ("legacy/tasks.py", "JK201"),
        ("tasks.py", "JK201"),
    }


def test_a_file_named_by_hand_holds_for_everything(project, lint):
    configure(project / "legacy", 'ignore = ["JK201"]')
    (project / "legacy" / "tasks.py").write_text((project / "tasks.py").read_text())
    (project / "house.toml").write_text('[tool.jobkit.lint]\nselect = ["JK201"]\n')

    ran = lint("--config", "house.toml", "--format", "json", ".")

    assert ran.codes == ["JK201", "JK201"]


def test_the_schema_takes_real_settings():
    validator = jsonschema.Draft202012Validator(settings_schema())
    validator.check_schema(settings_schema())
    tables = [
        {},
        {"select": ["JK1"], "per-file-ignores": {"scripts/*": ["JK2"]}, "facts": {"payment": ["a.b"]}},
        {"job-decorators": {"shop.job": "celery"}, "max-sleep": 2, "call-depth": 3},
    ]
    documents = [CHECKOUT / "pyproject.toml", CHECKOUT / "docs" / "examples" / "shop" / "pyproject.toml"]
    for document in documents:
        tool = tomllib.loads(document.read_text()).get("tool", {})
        tables += [tool["jobkit"]["lint"]] if "lint" in tool.get("jobkit", {}) else []
    for table in tables:
        assert list(validator.iter_errors(table)) == []


@pytest.mark.parametrize(
    "table",
    [
        {"selct": ["JK1"]},
        {"select": "JK1"},
        {"facts": {"payments": []}},
        {"call-depth": 4},
        {"fail-on": "never"},
        {"per-file-ignores": {"a": "JK1"}},
        {"max-sleep": "long"},
    ],
)
def test_the_schema_refuses_what_the_linter_refuses(table):
    validator = jsonschema.Draft202012Validator(settings_schema())

    assert list(validator.iter_errors(table))
    with pytest.raises(ConfigError):
        convert(table, "test")


def test_the_schema_describes_every_key_with_its_default(project, lint):
    schema = lint("schema").report

    assert schema["additionalProperties"] is False
    assert len(schema["properties"]) == len(Settings.__struct_fields__)
    assert len(schema["$defs"]["Facts"]["properties"]) == len(Facts.__struct_fields__)
    for described in [*schema["properties"].values(), *schema["$defs"]["Facts"]["properties"].values()]:
        assert described["description"]
        assert "default" in described
    assert schema["properties"]["fail-on"]["enum"] == list(FAIL_LEVELS)
