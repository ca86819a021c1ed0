"""Builds the source archive and, from it, the wheel; checks the wheel's content; tries it in a clean environment.

The clean environment lies outside the checkout, so nothing of the checkout can stand in for what the wheel lacks.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

PACKAGES = {"jobkit", "jobkit_lint", "pytest_jobkit"}
CHECKOUT = Path(__file__).resolve().parent.parent

JOBS_FILE = """\
from jobkit import job


@job(queue="mail")
def send_welcome(user_id: int) -> None:
    print("welcome", user_id)
"""

TEST_FILE = """\
from welcome import send_welcome


def test_a_signup_enqueues_the_welcome_mail(jobs, have_enqueued_job, perform_enqueued_jobs):
    with have_enqueued_job(send_welcome).with_args(7).on_queue("mail"):
        send_welcome.perform_later(7)
    perform_enqueued_jobs()
"""


def top_level_names(wheel: Path) -> set[str]:
    """The first part of each path in `wheel`, without the metadata folder, which is checked to be the only one."""
    names = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    metadata = {name for name in names if name.endswith(".dist-info")}
    if len(metadata) != 1:
        raise SystemExit(f"{wheel.name} should hold one .dist-info folder, it holds {sorted(metadata)}")
    return names - metadata


def missing_files(wheel: Path) -> list[str]:
    """What each package must bring and `wheel` lacks: its ``py.typed`` mark and its ``__init__.py``."""
    present = set(zipfile.ZipFile(wheel).namelist())
    wanted = {f"{package}/{name}" for package in PACKAGES for name in ("__init__.py", "py.typed")}
    return sorted(wanted - present)


def check_content(wheel: Path) -> None:
    """Leave with a message unless `wheel` holds exactly the three packages, complete, and their metadata."""
    names = top_level_names(wheel)
    if names != PACKAGES:
        raise SystemExit(f"{wheel.name} should hold {sorted(PACKAGES)}, it holds {sorted(names)}")
    if missing := missing_files(wheel):
        raise SystemExit(f"{wheel.name} lacks {', '.join(missing)}")
    print(f"{wheel.name}: {', '.join(sorted(names))} and metadata")


def build(folder: Path) -> Path:
    """Build source archive and wheel into `folder`; the wheel is made from the archive, as an installer would."""
    subprocess.run(
        [sys.executable, "-m", "build", "--outdir", folder, CHECKOUT],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


def try_out(wheel: Path, folder: Path) -> None:
    """Install `wheel` with ``[all]`` into a new environment in `folder`; run the command and a test there."""
    environment = folder / "environment"
    venv.create(environment, with_pip=True)
    programs = environment / "bin"
    project = folder / "project"
    project.mkdir()
    (project / "welcome.py").write_text(JOBS_FILE)
    (project / "test_welcome.py").write_text(TEST_FILE)
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PYTEST"))}

    def run(*command: str | Path) -> None:
        print("$", " ".join(str(part).removeprefix(f"{folder}/") for part in command), flush=True)
        subprocess.run(command, check=True, cwd=project, env=clean)

    run(programs / "python", "-m", "pip", "install", "--quiet", f"{wheel}[all]")
    run(programs / "jobkit", "lint", "--help")
    run(programs / "jobkit", "lint", "welcome.py")
    run(programs / "pytest", "-p", "no:cacheprovider", "-W", "error", "-o", "pythonpath=.", "test_welcome.py")


def main() -> None:
    """Build, look, try."""
    with tempfile.TemporaryDirectory(prefix="jobkit-wheel-") as name:
        folder = Path(name)
        wheel = build(folder)
        check_content(wheel)
        try_out(wheel, folder)


if __name__ == "__main__":
    main()
