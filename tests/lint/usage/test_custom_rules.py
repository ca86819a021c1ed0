"""Rules of other packages: that of the documentation, installed, and packages that are wrong."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "linting" / "own-rules.md"
TASKS = """\
from celery import shared_task


@shared_task
def ship(order_id): ...


def view(order_id):
    ship.apply_async((order_id,), queue="legacy")
"""
Run = Callable[..., subprocess.CompletedProcess[str]]


def documented_rule() -> str:
    text = DOCUMENT.read_text(encoding="utf-8")
    return re.search(r"<!-- file: shop_rules.py -->\n```python\n(.*?)```", text, re.DOTALL)[1]


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A folder on the import path with the distribution ``shop-rules``, as an installer would leave it."""
    folder = tmp_path / "site"
    about = folder / "shop_rules-1.0.dist-info"
    about.mkdir(parents=True)
    (folder / "shop_rules.py").write_text(documented_rule())
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: shop-rules\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[jobkit.lint_rules]\nshop = shop_rules\n")
    return folder


@pytest.fixture
def run(environment: Path, tmp_path: Path) -> Run:
    """``run("rules")`` runs ``jobkit lint rules`` in a project beside the installed package."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "tasks.py").write_text(TASKS)

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "jobkit", "lint", *arguments]
        surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join([str(environment), *sys.path])}
        return subprocess.run(command, cwd=project, env=surroundings, capture_output=True, text=True, check=False)

    return call


def test_an_installed_rule_runs_with_the_others(run):
    done = run("--format", "json", ".")

    assert done.returncode == 1, done.stderr
    (finding,) = json.loads(done.stdout)["findings"]
    assert (finding["code"], finding["name"], finding["line"]) == ("SHP001", "old-queue", 9)
    assert finding["help_url"] == "https://example.org/handbook/queues"


@pytest.mark.parametrize("word", ["SHP001", "SHP", "old-queue", "shop-rules"])
def test_it_is_chosen_as_others_are(run, word):
    assert run("--ignore", word, ".").returncode == 0
    assert run("--select", word, ".").returncode == 1


def test_it_is_explained_listed_and_its_examples_run(run):
    assert run("explain", "SHP001").stdout.startswith("# old-queue (SHP001)\n")
    assert "SHP001  old-queue" in run("rules").stdout
    done = run("test")
    assert done.returncode == 0
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [["SHP001", "ok"]] * 4


def test_an_example_that_does_not_hold_is_told(run, environment):
    (environment / "shop_rules.py").write_text(documented_rule().replace('"legacy"):', '"lagacy"):'))

    done = run("test", "SHP001")

    assert done.returncode == 1
    assert "SHP001 FAILED given at the call\n    shop/tasks.py:7: nothing was found at columns" in done.stdout
    assert done.stderr == "2 examples failed\n"


def test_a_rule_that_fails_is_named_and_the_rest_goes_on(run, environment):
    (environment / "shop_rules.py").write_text(documented_rule().replace("site.options.get", "site.surprise.get"))

    done = run("--format", "json", ".")

    assert done.returncode == 2
    (error,) = json.loads(done.stdout)["errors"]
    assert (error["rule"], error["path"]) == ("SHP001", "tasks.py")
    assert "failed with AttributeError" in error["message"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import nowhere", "shop = shop_rules of shop-rules in jobkit.lint_rules fails: ModuleNotFoundError"),
        ("x = 1", "the entry point shop = shop_rules names no rule"),
        ("from jobkit_lint.rules.base import Rule\nclass R(Rule): ...", "rule shop_rules.R: has no `code`"),
        (None, "and shop_rules are both called JK101"),
    ],
)
def test_a_package_that_is_wrong_is_named(run, environment, text, words):
    given = documented_rule().replace("SHP001", "JK101") if text is None else text
    (environment / "shop_rules.py").write_text(given)

    done = run(".")

    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert words in done.stderr or "shop_rules and jobkit_lint" in done.stderr


@pytest.mark.slow
def test_a_package_that_pip_has_installed(tmp_path, run):
    source = tmp_path / "source"
    source.mkdir()
    (source / "shop_rules.py").write_text(documented_rule().replace("SHP001", "SHP002"))
    (source / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "shop-rules"\nversion = "1.0"\n'
        '[project.entry-points."jobkit.lint_rules"]\nshop = "shop_rules:OldQueue"\n'
        '[tool.hatch.build.targets.wheel]\ninclude = ["shop_rules.py"]\n'
    )
    target = tmp_path / "installed"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--target", target, source], check=True, capture_output=True)
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join([str(target), *sys.path])}
    lint = [sys.executable, "-m", "jobkit", "lint", "--format", "concise", "tasks.py"]

    done = subprocess.run(lint, cwd=tmp_path / "project", env=surroundings, capture_output=True, text=True, check=False)

    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("tasks.py:9:5: SHP002 [old-queue] `ship` is sent to `legacy`")


def test_the_linted_project_gives_no_rules(run, tmp_path):
    about = tmp_path / "project" / "evil-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[jobkit.lint_rules]\nevil = evil\n")
    (tmp_path / "project" / "evil.py").write_text("raise SystemExit('was run')\n")
    script = "import sys; sys.path.pop(0); from jobkit_lint.cli import main; sys.exit(main(['.']))"

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path / "project", capture_output=True, text=True, check=False
    )

    assert "was run" not in done.stderr + done.stdout
    assert done.returncode == 0
