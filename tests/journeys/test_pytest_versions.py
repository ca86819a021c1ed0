"""The oldest pytest that the plugin works with, and the newest: each from the package index, in a venv of its own.

Where the index does not answer the tests are skipped.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]

TESTS = """
import pytest
from shop import GATEWAY, CardExpired, ConnectTimeout, checkout, process_order, send_mail


def test_a_block(have_enqueued_job, perform_enqueued_jobs):
    with have_enqueued_job(process_order).with_args(42), perform_enqueued_jobs():
        checkout(42)


def test_retries_on_a_frozen_clock(simulate_retries, job_clock):
    run = simulate_retries(process_order, 42, raising=ConnectTimeout, times=2, jitter="none")
    assert run.waits == [3, 18]


def test_wrong(have_enqueued_job):
    checkout(41)
    assert have_enqueued_job(process_order).with_args(42)


def test_silent(perform_enqueued_jobs):
    GATEWAY.failing.append(CardExpired())
    checkout(42)
    perform_enqueued_jobs()
"""


def environment(wanted: str, folder: Path) -> Path:
    """The Python of a virtual environment with that pytest and what the plugin needs, made once a run of the suite."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--retries=1", "--timeout=10", wanted]
        done = subprocess.run(
            [*install, "hypothesis", "freezegun", "jinja2", "cronsim"], capture_output=True, text=True, check=False
        )
        if done.returncode:
            python.unlink()
            pytest.skip(f"the package index gave no {wanted}: {(done.stderr.strip() or done.stdout).splitlines()[-1]}")
        # The checkout as it stands, with its entry point, without building it.
        site = next((folder / "lib").glob("python*/site-packages"), folder / "Lib" / "site-packages")
        (site / "jobkit.pth").write_text(f"{CHECKOUT}\n{CHECKOUT / 'pytest_plugin'}\n")
        metadata = site / "jobkit-0.1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: jobkit\nVersion: 0.1.0\n")
        (metadata / "entry_points.txt").write_text("[pytest11]\njobkit = pytest_jobkit.plugin\n")
    return python


@pytest.mark.slow
@pytest.mark.parametrize("wanted", ["pytest==8.4.*", "pytest"])
def test_a_project_with_that_pytest(
    project: pytest.Pytester, tmp_path_factory: pytest.TempPathFactory, wanted: str
) -> None:
    python = environment(wanted, tmp_path_factory.getbasetemp() / f"venv-{wanted.strip('.*').replace('==', '-')}")
    project.makeini("[pytest]\npythonpath = .\n")
    project.makepyfile(test_shop=TESTS)

    done = subprocess.run(
        [python, "-m", "pytest", "-W", "error", "--jobkit-report=page.html"],
        cwd=project.path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "2 failed, 2 passed" in done.stdout, done.stdout + done.stderr
    assert "order_id: wanted 42, found 41" in done.stdout
    assert "silent failure: process_order(42) was discarded after CardExpired" in done.stdout
    assert (project.path / "page.html").exists()
    if "8.4" in wanted:
        assert "pytest-8.4" in done.stdout
