"""What the pages about the linter say is what it does."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from jobkit_lint.options import lint_parser
from jobkit_lint.reporters import formats
from jobkit_lint.settings_schema import settings_schema
from jobkit_lint.verbs import VERBS

PAGES = Path(__file__).resolve().parents[3] / "docs" / "linting"


def page(name: str) -> str:
    return (PAGES / name).read_text(encoding="utf-8")


def table(properties: dict[str, Any]) -> str:
    """The settings as a Markdown table."""
    rows = ["| Key | What it is | Default |", "| --- | --- | --- |"]
    for name, about in properties.items():
        default = about.get("default")
        shown = "" if default in (None, [], {}) else f"`{json.dumps(default)}`"
        rows.append(f"| `{name}` | {about['description']} | {shown} |".replace("|  |", "| |"))
    return "\n".join(rows)


def test_every_option_and_every_form_and_verb_is_described():
    text = page("usage.md")
    options = [name for action in lint_parser()._actions for name in action.option_strings]

    missing = [name for name in options if f"`{name}" not in text and name not in ("-h", "--help")]

    assert missing == []
    assert [name for name in formats() if f"| `{name}` |" not in text] == []
    assert [name for name in VERBS if f"`jobkit lint {name}" not in text] == []


def test_every_setting_is_described_as_in_the_schema():
    schema = settings_schema()
    plain = {name: about for name, about in schema["properties"].items() if name != "facts"}

    assert table(plain) in page("settings.md")
    assert table(schema["$defs"]["Facts"]["properties"]) in page("settings.md")


def yaml_block(name: str) -> str:
    (block,) = [one for one in re.findall(r"```yaml\n(.*?)```", page("ci.md"), re.DOTALL) if f"# {name}\n" in one]
    return block


@pytest.mark.parametrize(
    ("name", "schema"),
    [(".github/workflows/jobkit-lint.yml", "vendor.github-workflows"), (".gitlab-ci.yml", "vendor.gitlab-ci")],
)
def test_the_workflow_keeps_to_the_schema_of_its_system(name, schema, tmp_path):
    path = tmp_path / "workflow.yml"
    path.write_text(yaml_block(name))
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
    path.write_text(yaml_block(name).replace("script:", "scripts:").replace("runs-on:", "run-on:"))
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1


def commands(name: str) -> list[list[str]]:
    content = yaml.safe_load(yaml_block(name))
    steps = content["jobkit-lint"]["script"] if "jobkit-lint" in content else None
    lines = steps or [step["run"] for step in content["jobs"]["lint"]["steps"] if "run" in step]
    return [shlex.split(line)[2:] for line in lines if line.startswith("jobkit lint")]


@pytest.mark.parametrize("name", [".github/workflows/jobkit-lint.yml", ".gitlab-ci.yml"])
def test_the_commands_of_the_workflow_do_what_the_next_step_needs(name, project, lint):
    statuses = [lint(*arguments).status for arguments in commands(name)]

    assert statuses == [0, 1]
    reports = re.findall(r"(?:sarif_file|codequality|junit): (\S+)", yaml_block(name))
    assert reports
    for report in reports:
        assert (project / report).stat().st_size > 0


def test_the_hook_of_the_page_is_the_one_that_there_is():
    (block,) = [one for one in re.findall(r"```yaml\n(.*?)```", page("ci.md"), re.DOTALL) if "hooks:" in one]
    ids = [hook["id"] for repository in yaml.safe_load(block)["repos"] for hook in repository["hooks"]]

    hooks = yaml.safe_load((PAGES.parents[1] / ".pre-commit-hooks.yaml").read_text())

    assert ids == [hook["id"] for hook in hooks]


def test_the_settings_of_the_page_are_good_settings():
    import tomllib

    blocks = re.findall(r"```toml\n(.*?)```", page("settings.md"), re.DOTALL)
    assert blocks
    for block in blocks:
        settings = tomllib.loads(block)["tool"]["jobkit"]["lint"]
        assert list(jsonschema.Draft202012Validator(settings_schema()).iter_errors(settings)) == []
