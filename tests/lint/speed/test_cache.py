"""What a run keeps for the next one: never anything that changes what is found."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jobkit_lint.cache import FOLDER
from jobkit_lint.cli import main
from jobkit_lint.rules.registry import all_rules
from jobkit_lint.runner import Outcome, Request, run
from jobkit_lint.settings import Settings

TASKS = """\
from celery import shared_task

@shared_task
def ship(order):
    print(order)
"""
VIEW = """\
from shop.tasks import ship

def view(request):
    ship.delay(request.user)
"""
HARMLESS = VIEW.replace("request.user", "request.user.pk")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one finding, in the working directory, changed long ago."""
    files = {"pyproject.toml": "", "shop/__init__.py": "", "shop/tasks.py": TASKS, "shop/views.py": VIEW}
    for path, text in files.items():
        write(tmp_path / path, text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, text: str, seconds_ago: int = 60) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    then = path.stat().st_mtime - seconds_ago
    os.utime(path, (then, then))


def linted(folder: Path, *paths: str, **given: Any) -> Outcome:
    rules = [rule for rule in all_rules() if rule.code == "JK101"]
    return run(Request(list(paths or ["."]), Settings(), folder, rules, **{"processes": 1, **given}))


def codes(outcome: Outcome) -> list[str]:
    return [f"{finding.path}:{finding.line} {finding.code}" for finding in outcome.findings]


def test_an_unchanged_project_is_not_judged_again(shop):
    first, second = linted(shop), linted(shop)

    assert codes(first) == codes(second) == ["shop/views.py:4 JK101"]
    assert first.program.earlier is None
    assert second.program.earlier is not None
    assert (second.program.job_count, second.program.site_count) == (1, 1)


def test_jobs_are_shown_after_an_unchanged_run_too(shop):
    linted(shop)

    program = linted(shop).program

    assert [job.name for job in program.jobs.all()] == ["shop.tasks.ship"]
    assert [site.form for site in program.sites.found] == ["delay"]


@pytest.mark.parametrize("seconds_ago", [0, 60], ids=["just now", "a minute ago"])
def test_a_changed_file_is_judged_again(shop, seconds_ago):
    linted(shop)

    write(shop / "shop/views.py", HARMLESS, seconds_ago)

    assert codes(linted(shop)) == []


def test_the_content_decides_where_times_tell_nothing(shop):
    linted(shop)
    before = (shop / "shop/views.py").stat()
    same_length = VIEW.replace("request.user", "request.data")

    write(shop / "shop/views.py", same_length, 0)
    linted(shop)
    write(shop / "shop/views.py", VIEW, 0)

    assert before.st_size == (shop / "shop/views.py").stat().st_size
    assert codes(linted(shop)) == ["shop/views.py:4 JK101"]


def test_a_file_with_another_time_and_the_same_content_is_not_judged_again(shop):
    linted(shop)

    write(shop / "shop/views.py", VIEW, 3600)

    assert linted(shop).program.earlier is not None


def test_a_removed_file_takes_its_findings_with_it(shop):
    linted(shop)

    (shop / "shop/views.py").unlink()

    assert codes(linted(shop)) == []


def test_a_job_in_a_new_file_is_seen_from_an_old_one(shop):
    (shop / "shop/tasks.py").unlink()
    assert codes(linted(shop)) == []

    write(shop / "shop/tasks.py", TASKS)

    assert codes(linted(shop)) == ["shop/views.py:4 JK101"]


def test_a_file_that_was_not_given_counts_as_well(shop):
    assert codes(linted(shop, "shop/views.py")) == ["shop/views.py:4 JK101"]
    assert linted(shop, "shop/views.py").program.earlier is not None

    write(shop / "shop/tasks.py", TASKS.replace("@shared_task\n", ""))

    assert codes(linted(shop, "shop/views.py")) == []


def test_another_selection_or_setting_is_another_question(shop, capsys):
    assert main(["--select", "JK101", "."]) == 1
    assert main(["--select", "JK102", "."]) == 0
    assert main(["--ignore", "JK101", "--select", "JK101,JK102", "."]) == 0
    write(shop / "pyproject.toml", '[tool.jobkit.lint]\nper-file-ignores = {"shop/views.py" = ["JK101"]}\n')
    assert main(["--select", "JK101", "."]) == 0


def test_without_a_cache_no_folder_is_made(shop, capsys):
    assert main(["--no-cache", "--select", "JK101", "."]) == 1

    assert not (shop / FOLDER).exists()


def test_the_folder_of_the_cache_can_be_chosen(shop, tmp_path_factory, capsys):
    elsewhere = tmp_path_factory.mktemp("cache")

    assert main(["--cache-dir", str(elsewhere / "lint"), "--select", "JK101", "."]) == 1

    assert not (shop / FOLDER).exists()
    assert any((elsewhere / "lint").iterdir())


@pytest.mark.parametrize("damage", [b"", b"no cache at all", None], ids=["empty", "foreign", "one bit"])
def test_a_damaged_cache_is_made_anew_with_a_note(shop, capsys, damage):
    main(["--select", "JK101", "."])
    healthy = capsys.readouterr().out
    for path in (shop / FOLDER).glob("*-*"):
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content if damage is None else damage)

    assert main(["--select", "JK101", "."]) == 1
    damaged = capsys.readouterr()
    assert main(["--select", "JK101", "."]) == 1

    assert damaged.out.splitlines()[:-1] == healthy.splitlines()[:-1]
    assert "is damaged" in damaged.err
    assert "was made anew" in damaged.err
    assert capsys.readouterr().err == ""


def test_a_cache_that_cannot_be_written_is_told(shop, capsys):
    (shop / FOLDER).write_text("a file where the folder should be")

    assert main(["--select", "JK101", "."]) == 1

    assert "cannot be" in capsys.readouterr().err


def test_runs_at_the_same_time_share_the_cache(shop):
    command = [sys.executable, "-m", "jobkit", "lint", "--select", "JK101", "--format", "json", "."]

    started = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
    ended = [process.communicate() for process in started]

    findings = [json.loads(out)["findings"] for out, _ in ended]
    assert findings == [findings[0]] * 4
    assert len(findings[0]) == 1
    assert [err for _, err in ended] == [b""] * 4
    assert linted(shop).program.problems == []


def test_names_learned_from_one_file_are_looked_for_in_the_others(shop):
    write(shop / "shop/base.py", "from jobkit import Job\n\nclass ShopJob(Job):\n    queue = 'low'\n")
    write(shop / "shop/late.py", "from shop.base import ShopJob\n\nclass Late(ShopJob):\n    def perform(self): ...\n")
    assert {job.name for job in linted(shop).program.jobs.all()} == {"shop.tasks.ship", "shop.late.Late"}

    write(
        shop / "shop/other.py", "from shop.base import ShopJob\n\nclass Other(ShopJob):\n    def perform(self): ...\n"
    )
    names = {job.name for job in linted(shop).program.jobs.all()}
    write(shop / "shop/base.py", "class ShopJob:\n    queue = 'low'\n")

    assert names == {"shop.tasks.ship", "shop.late.Late", "shop.other.Other"}
    assert {job.name for job in linted(shop).program.jobs.all()} == {"shop.tasks.ship"}


def test_one_and_many_processes_find_the_same(shop):
    for number in range(250):
        write(shop / f"shop/view_{number}.py", VIEW if number % 3 else "x = 1\n")

    one, many = linted(shop, use_cache=False), linted(shop, use_cache=False, processes=3)

    assert codes(one) == codes(many)
    assert len(codes(one)) > 150


@pytest.mark.parametrize("seed", range(6))
def test_after_any_changes_the_cache_gives_what_a_run_without_it_gives(shop, seed):
    source = random.Random(seed)
    texts = [TASKS, VIEW, HARMLESS, "x = 1\n", "from shop.tasks import *\n", "def broken(:\n", ""]
    texts.append("from celery import shared_task\n\ndef job(f):\n    return shared_task(f)\n")
    texts.append(
        "from shop.a import job\n\n@job\ndef ship(order): ...\n\ndef view(request):\n    ship.delay(request.user)"
    )
    names = ["a", "b", "tasks", "views"]
    for _ in range(12):
        path = shop / f"shop/{source.choice(names)}.py"
        if source.random() < 0.2:
            path.unlink(missing_ok=True)
        else:
            write(path, source.choice(texts), source.choice([0, 60]))
        kept, anew = linted(shop), linted(shop, use_cache=False)

        assert kept.findings == anew.findings
        assert kept.problems == anew.problems
        assert (kept.program.job_count, kept.program.site_count) == (anew.program.job_count, anew.program.site_count)
