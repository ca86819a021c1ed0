"""What goes into the wheel; .ci/run installs it as well and tries it in a clean environment."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PACKAGES = {"jobkit", "jobkit_lint", "pytest_jobkit"}


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The paths in a wheel built from the checkout."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder],
        cwd=checkout,
        check=True,
        capture_output=True,
    )
    (path,) = folder.glob("*.whl")
    return set(zipfile.ZipFile(path).namelist())


@pytest.mark.slow
@pytest.mark.xdist_group("wheel")
def test_it_holds_the_three_packages_and_their_metadata_and_nothing_else(wheel: set[str]) -> None:
    names = {path.partition("/")[0] for path in wheel}

    metadata = {name for name in names if name.endswith(".dist-info")}
    assert names - metadata == PACKAGES
    assert len(metadata) == 1


@pytest.mark.slow
@pytest.mark.xdist_group("wheel")
def test_each_package_brings_its_types(wheel: set[str]) -> None:
    assert {f"{package}/py.typed" for package in PACKAGES} <= wheel


@pytest.mark.slow
@pytest.mark.xdist_group("wheel")
def test_it_registers_the_command_and_the_plugin(wheel: set[str]) -> None:
    assert any(path.endswith(".dist-info/entry_points.txt") for path in wheel)
