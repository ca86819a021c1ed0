"""Files that are not what their name says: none makes the linter crash, hang or keep quiet about the others."""

from __future__ import annotations

import os
import sys

import pytest

from jobkit_lint.reporters import formats

HEAD = "from celery import shared_task\n"


@pytest.mark.parametrize(
    "content",
    [
        HEAD.encode("utf-16"),
        b"\xff" + HEAD.encode(),
        b"\xef\xbb\xbf# coding: latin-1\n" + HEAD.encode(),
        b"# coding: rot13\n" + HEAD.encode(),
        b"# coding: base64\n" + HEAD.encode(),
        HEAD.encode() + b"\x00" * 1000,
        b"\x00\x00\x00",
        HEAD.encode() + b"print 'python two'\n",
        HEAD.encode() + b"exec 'x' in {}\n",
        b"{% if jobs %}\n" + HEAD.encode() + b"{% endif %}\n",
        b'{"cells": [{"source": ["from celery import shared_task"]}], "nbformat": 4, "a": true null}',
        b"\x80\x04\x95 celery shared_task",
        HEAD.encode() + b"x = " + b"[" * 3000 + b"]" * 3000,
        HEAD.encode() + b"x = " + b"-" * 100_000 + b"1\n",
        HEAD.encode() + b"x = " + b"a." * 50_000 + b"b\n",
        HEAD.encode() + b"x = a" + b".b(1)" * 700 + b"\n@x\ndef f(): pass\n",
        HEAD.encode() + b"x = " + b"f(" * 90 + b")" * 90 + b"(" * 150_000,
        HEAD.encode() + b"".join(b" " * n + b"if x:\n" for n in range(150)),
        HEAD.encode() + b"'''",
        HEAD.encode() + b"x = 0x_\n",
        HEAD.encode() + b"\\",
    ],
)
def test_a_file_that_is_no_python_is_named_and_the_rest_is_judged(project, lint, content):
    (project / "strange.py").write_bytes(content)

    ran = lint("--format", "json", ".")

    assert ran.status == 2
    assert {error["path"] for error in ran.report["errors"]} == {"strange.py"}
    assert ran.report["errors"][0]["rule"] == "JK900"
    assert ran.codes == ["JK201", "JK101"]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf",
        b"# coding: latin-1\n" + HEAD.encode() + "größe = 1\n".encode("latin-1"),
        b"# vim: set fileencoding=cp1252 :\n" + HEAD.encode() + b"x = '\x80'\n",
        b"\x0c\n\x0c" + HEAD.encode() + b"\x0c\n",
        HEAD.replace("\n", "\r").encode(),
        HEAD.encode() + b"x = '" + b"a" * 5_000_000 + b"'\n",
        HEAD.encode() + b"x = [" + b"1, " * 100_000 + b"]\n",
        HEAD.encode() + b"# " + b"a" * 5_000_000 + b"\n",
        HEAD.encode() + b"x = 1" + b" + 1" * 500 + b"\n",
        HEAD.encode() + b"if x: pass\n" + b"elif x: pass\n" * 300,
        HEAD.encode() + "def größe(ﬁ): return 'é'\n".encode(),
    ],
    ids=range(11),
)
def test_a_file_that_is_only_odd_is_judged(project, lint, content):
    (project / "odd.py").write_bytes(content)

    ran = lint("--format", "json", ".")

    assert ran.report["errors"] == []
    assert ran.codes == ["JK201", "JK101"]


def test_a_parse_error_says_by_which_python(project, lint):
    (project / "broken.py").write_text(HEAD + "def broken(:\n")

    message = lint("--format", "json", ".").report["errors"][0]["message"]

    assert message.endswith(f"(read as Python {sys.version_info[0]}.{sys.version_info[1]})")


def test_links_that_lead_nowhere_or_round_and_round(project, lint):
    (project / "loop.py").symlink_to("loop.py")
    (project / "gone.py").symlink_to("nowhere.py")
    (project / "a").mkdir()
    (project / "a" / "b").symlink_to(project)
    (project / "a" / "self").symlink_to("self")

    ran = lint("--format", "json", ".")

    assert ran.status == 1
    assert ran.codes == ["JK201", "JK101"]


def test_a_pipe_and_a_folder_that_are_called_like_python(project, lint):
    os.mkfifo(project / "pipe.py")
    (project / "folder.py").mkdir()

    assert lint("--format", "json", ".").codes == ["JK201", "JK101"]
    ran = lint("pipe.py")
    assert ran.status == 2
    assert "pipe.py: there is no such file or folder" in ran.err


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_file_and_a_folder_that_may_not_be_read(project, lint):
    (project / "secret.py").write_text(HEAD)
    (project / "secret.py").chmod(0)
    (project / "closed").mkdir()
    (project / "closed").chmod(0)

    ran = lint("--format", "json", ".")
    alone = lint("closed")
    (project / "closed").chmod(0o755)

    assert ran.status == 2
    assert [(error["path"], error["rule"]) for error in ran.report["errors"]] == [
        ("closed", "JK900"),
        ("secret.py", "JK900"),
    ]
    assert (alone.status, alone.err) == (2, "")
    assert "closed: error: JK900 [parse-error] cannot be read: Permission denied" in alone.out
    assert "Permission denied" in ran.report["errors"][0]["message"]
    assert ran.codes == ["JK201", "JK101"]


@pytest.mark.parametrize("form", formats())
def test_every_form_of_output_tells_of_a_broken_file(project, lint, form):
    (project / "broken.py").write_text(HEAD + "def broken(:\n")

    ran = lint("--format", form, ".")

    assert ran.status == 2
    assert "broken.py" in ran.out
    assert "JK900" in ran.out


def test_a_broken_file_is_not_touched_by_fixes(project, lint):
    text = HEAD + "x = 1  # jobkit: ignore[JK101]\ndef broken(:\n"
    (project / "broken.py").write_text(text)

    assert lint("--fix", "--unsafe-fixes", ".").status == 2
    assert (project / "broken.py").read_text() == text


def test_a_file_name_that_is_no_text_is_left_out_and_told_when_it_is_asked_for(project, lint):
    name = os.fsdecode(b"\xff.py")
    (project / name).write_text("from celery import shared_task\ndef broken(:\n")

    assert lint("--format", "json", ".").codes == ["JK201", "JK101"]
    ran = lint(name)
    assert ran.status == 2
    assert "\\udcff.py: the name is no text in the encoding of this system; rename it" in ran.err


def test_a_failure_of_the_linter_itself_is_status_two(project, lint, monkeypatch):
    def fail(request):
        raise KeyError("surprise")

    monkeypatch.setattr("jobkit_lint.cli.run", fail)

    ran = lint(".")

    assert ran.status == 2
    assert "KeyError: 'surprise'" in ran.err
    assert "this is a fault of the linter; please report it" in ran.err
