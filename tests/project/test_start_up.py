"""What importing jobkit and loading its plugin costs a run that uses neither."""

from __future__ import annotations

import subprocess
import sys

import pytest

REPORT = "import sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
HEAVY = {"hypothesis", "freezegun", "jinja2", "rich", "libcst", "yaml", "cronsim", "asyncio", "sqlite3", "logging"}


def modules_after(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after `statement`."""
    run = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}; {statement}; {REPORT}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(run.stdout.split())


def test_the_engine_imports_the_standard_library_alone() -> None:
    loaded = modules_after("import jobkit") - modules_after("pass")

    assert loaded - sys.stdlib_module_names == {"jobkit"}


def test_the_plugin_adds_nothing_heavy_to_a_run_that_does_not_use_it() -> None:
    loaded = modules_after("import pytest, pytest_jobkit.plugin") - modules_after("import pytest")

    assert "pytest_jobkit" in loaded
    assert loaded & HEAVY == set()


def test_the_plugin_leaves_the_engine_alone_until_a_test_asks_for_it() -> None:
    assert "jobkit" not in modules_after("import pytest_jobkit.plugin")


@pytest.mark.parametrize("package", ["jobkit", "pytest_jobkit"])
def test_only_the_linter_needs_the_linters_libraries(package: str) -> None:
    assert modules_after(f"import {package}") & {"jobkit_lint", "libcst", "msgspec", "pathspec"} == set()


def test_the_linter_knows_neither_the_engine_nor_the_plugin() -> None:
    assert modules_after("import jobkit_lint") & {"jobkit", "pytest_jobkit", "pytest"} == set()
