"""The layers of the three packages, as pyproject.toml has them, and that a breach of them would be seen."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = ("jobkit", "lint/jobkit_lint", "pytest_plugin/pytest_jobkit")


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter over the packages that lie in `root`, by the contracts of its pyproject.toml."""
    search = os.pathsep.join(str(root / folder) for folder in (".", "lint", "pytest_plugin"))
    return subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=root,
        env=os.environ | {"PYTHONPATH": search, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_no_layer_imports_one_above_it(checkout: Path) -> None:
    run = lint_imports(checkout)

    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "forbidden"),
    [
        ("jobkit/clock.py", "pytest_jobkit"),
        ("jobkit/errors.py", "jobkit.engine"),
        ("jobkit/engine.py", "jobkit.job"),
        ("lint/jobkit_lint/errors.py", "jobkit"),
        ("pytest_plugin/pytest_jobkit/plugin.py", "jobkit_lint"),
    ],
)
def test_an_import_that_breaks_a_layer_is_named(file: str, forbidden: str, checkout: Path, tmp_path: Path) -> None:
    shutil.copy(checkout / "pyproject.toml", tmp_path)
    for package in PACKAGES:
        shutil.copytree(checkout / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / file).open("a", encoding="utf-8") as source:
        source.write(f"\nimport {forbidden}\n")

    run = lint_imports(tmp_path)

    assert run.returncode == 1
    importer = file.removeprefix("lint/").removeprefix("pytest_plugin/").removesuffix(".py").replace("/", ".")
    assert f"{importer} -> {forbidden}" in run.stdout
