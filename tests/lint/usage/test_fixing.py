"""``--fix``, ``--unsafe-fixes`` and ``--diff``: only what is meant changes, and nothing else of the file."""

from __future__ import annotations

import io
import stat
import sys

import pytest

from jobkit_lint import fixes, fixing
from jobkit_lint.cli import main

TASKS = """\
from celery import shared_task


@shared_task
def ship(order_id):   # spaces   stay
    print( order_id )


def view(order):
    ship.delay(order)  # jobkit: ignore[JK101] it was an object once
"""
FIXED = TASKS.replace("  # jobkit: ignore[JK101] it was an object once", "")


@pytest.fixture
def unused(project):
    """``tasks.py`` has a comment that keeps nothing back, which is a safe fix."""
    (project / "tasks.py").write_text(TASKS)
    return project / "tasks.py"


@pytest.fixture
def unsafe(project):
    """``tasks.py`` sends an object where the job wants its id, which is an unsafe fix."""
    (project / "tasks.py").write_text(
        "from celery import shared_task\n\n\n@shared_task\ndef ship(user_id): ...\n\n\n"
        "def view(request):\n    ship.delay(request.user)  # who asks\n"
    )
    return project / "tasks.py"


def test_a_safe_fix_is_applied_and_nothing_else_changes(unused, lint):
    ran = lint("--fix", ".")

    assert ran.status == 0
    assert ran.out.startswith("1 finding fixed. All jobs passed.")
    assert unused.read_text() == FIXED


def test_an_unsafe_fix_waits_for_its_option(unsafe, lint):
    before = unsafe.read_text()
    ran = lint("--fix", ".")
    assert ran.status == 1
    assert "fixable with --fix --unsafe-fixes" in ran.out
    assert unsafe.read_text() == before

    assert lint("--fix", "--unsafe-fixes", ".").status == 0

    assert unsafe.read_text() == before.replace("request.user", "request.user.pk")


def test_a_second_run_changes_nothing(unsafe, lint):
    lint("--fix", "--unsafe-fixes", ".")
    once = unsafe.read_bytes()

    assert lint("--fix", "--unsafe-fixes", ".").out.startswith("All jobs passed")
    assert unsafe.read_bytes() == once


def test_a_diff_shows_and_writes_nothing(unused, lint):
    ran = lint("--diff", ".")

    assert ran.status == 1
    assert ran.err == "Would fix 1 finding.\n"
    assert ran.out.splitlines()[:3] == ["--- tasks.py", "+++ tasks.py", "@@ -7,4 +7,4 @@"]
    assert "-    ship.delay(order)  # jobkit: ignore[JK101] it was an object once\n+    ship.delay(order)\n" in ran.out
    assert unused.read_text() == TASKS


def test_a_diff_of_nothing_is_empty_and_status_zero(unused, lint):
    unused.write_text(FIXED)

    ran = lint("--diff", "--unsafe-fixes", ".")

    assert (ran.status, ran.out) == (0, "")


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: text.replace("from", "# -*- coding: latin-1 -*-\n# größer\nfrom", 1).encode("latin-1"),
        lambda text: text.rstrip("\n").encode(),
        lambda text: text.replace("def view", "\x0c\ndef view").encode(),
        lambda text: text.replace("# spaces", "# \u2028 größer \x85 \x1c").encode(),
    ],
    ids=["byte order mark", "windows", "old mac", "latin-1", "no last line end", "form feed", "strange separators"],
)
def test_encoding_marks_and_line_ends_are_kept(unused, lint, encode):
    unused.write_bytes(encode(TASKS))

    assert lint("--fix", ".").status == 0

    assert unused.read_bytes() == encode(FIXED)


def test_several_fixes_on_one_line_take_several_passes(unsafe, lint):
    text = unsafe.read_text()
    unsafe.write_text(text.replace("# who asks", "# jobkit: ignore[JK201]  # noqa: JK204"))

    ran = lint("--fix", "--unsafe-fixes", ".")

    assert ran.status == 0, ran.out
    assert unsafe.read_text() == text.replace("request.user)  # who asks", "request.user.pk)")


def test_mode_and_links_are_kept(unused, project, lint):
    unused.chmod(0o755)
    (project / "elsewhere").mkdir()
    target = project / "elsewhere" / "real.txt"
    unused.rename(target)
    unused.symlink_to(target)

    assert lint("--fix", "tasks.py").status == 0

    assert unused.is_symlink()
    assert target.read_text() == FIXED
    assert stat.S_IMODE(target.stat().st_mode) == 0o755


def test_a_file_with_two_names_is_mended_once(unused, project, lint):
    (project / "same.py").symlink_to("tasks.py")

    assert lint("--fix", ".").status == 0
    assert unused.read_text() == FIXED


def test_a_file_that_changes_meanwhile_is_left_alone(unused, lint, monkeypatch):
    real = fixing.mend

    def slow(request, unsafe):
        mended = real(request, unsafe)
        unused.write_text("x = 1\n")
        return mended

    monkeypatch.setattr(fixing, "mend", slow)

    ran = lint("--fix", ".")

    assert ran.status == 2
    assert "tasks.py: error: has changed while it was linted; its fixes were not written, run again" in ran.out
    assert unused.read_text() == "x = 1\n"


def test_fixes_that_come_to_no_end_are_told(unsafe, lint, monkeypatch):
    monkeypatch.setattr(fixing, "apply_fixes", lambda text, findings, unsafe: (f"{text}# again\n", 1))

    ran = lint("--fix", "--unsafe-fixes", "--format", "json", ".")

    assert ran.status == 2
    (error,) = ran.report["errors"]
    assert error["message"] == "fixes come to no end after 20 passes (JK101); please report it"
    assert error["rule"] == "JK101"


def test_a_file_that_cannot_be_replaced_is_told(unused, lint, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("jobkit_lint.fixing.write_atomically", full)

    ran = lint("--fix", "--format", "json", ".")

    assert ran.status == 2
    assert [(error["kind"], error["path"]) for error in ran.report["errors"]] == [("unwritable", "tasks.py")]
    assert unused.read_text() == TASKS


def test_a_fix_that_would_break_the_file_is_not_kept(unsafe, lint, monkeypatch):
    before = unsafe.read_text()
    real = fixes._placed
    monkeypatch.setattr(fixes, "_placed", lambda *given: (*real(*given)[:2], ".pk)"))

    ran = lint("--fix", "--unsafe-fixes", "--format", "json", ".")

    assert ran.status == 2
    assert "would leave a file that does not parse" in ran.report["errors"][0]["message"]
    assert ran.report["errors"][0]["rule"] == "JK101"
    assert unsafe.read_text() == before


class Input(io.TextIOWrapper):
    """Standard input with these bytes."""

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content))


def test_standard_input_comes_out_fixed_and_the_rest_goes_to_the_error_stream(project, capfdbinary, monkeypatch):
    views = b"\xef\xbb\xbffrom tasks import charge\r\n\r\ndef view(request):\r\n    charge.delay(request.user, 1)"
    monkeypatch.setattr(sys, "stdin", Input(views + b"  # noqa: JK201\r\n"))

    status = main(["--fix", "--stdin-filename", "views.py", "-"])

    out, err = capfdbinary.readouterr()
    assert status == 1
    assert out == views + b"\r\n"
    assert b"views.py:4:18" in err
    assert b"1 finding fixed" in err
    assert not (project / "views.py").exists()


def test_standard_input_without_anything_to_fix_comes_out_as_it_was(project, capfdbinary, monkeypatch):
    monkeypatch.setattr(sys, "stdin", Input(b"x = 1\n"))

    assert main(["--fix", "-"]) == 0
    assert capfdbinary.readouterr().out == b"x = 1\n"


def test_a_diff_of_standard_input(project, lint, monkeypatch):
    monkeypatch.setattr(sys, "stdin", Input(TASKS.encode()))

    ran = lint("--diff", "--stdin-filename", "views.py", "-")

    assert ran.status == 1
    assert ran.out.startswith("--- views.py\n+++ views.py\n")
