"""``--add-ignores``: each finding of now gets its comment, and nothing else changes."""

from __future__ import annotations

import pytest

HEAD = "from celery import shared_task\n\n\n@shared_task\ndef ship(order, *more): ...\n\n\ndef view(request):\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "    ship.delay(request.user)\n",
            "    ship.delay(request.user)  # jobkit: ignore[JK101] old\n",
        ),
        (
            "    ship.delay(request.user)  # type: ignore\n",
            "    ship.delay(request.user)  # type: ignore  # jobkit: ignore[JK101] old\n",
        ),
        (
            "    ship.delay(request.user)  # jobkit: ignore[JK901] kept\n",
            "    ship.delay(request.user)  # jobkit: ignore[JK901, JK101] kept\n",
        ),
        (
            "    ship.delay(\n        request.user,\n    )\n",
            "    ship.delay(\n        request.user,  # jobkit: ignore[JK101] old\n    )\n",
        ),
        (
            '    ship.delay(request.user, """\n    text\n    """)\n',
            '    ship.delay(request.user, """\n    text\n    """)  # jobkit: ignore[JK101] old\n',
        ),
        (
            "    ship.delay(request.user, \\\n        1)\n",
            "    ship.delay(request.user, \\\n        1)  # jobkit: ignore[JK101] old\n",
        ),
        (
            "    ship.delay(request.user); ship.delay(request.user)",
            "    ship.delay(request.user); ship.delay(request.user)  # jobkit: ignore[JK101] old",
        ),
    ],
)
def test_the_comment_stands_where_it_counts(project, lint, before, after):
    (project / "tasks.py").write_text(HEAD + before)

    ran = lint("--add-ignores", "--reason", "old", ".")

    assert ran.status == 0, ran.out
    assert (project / "tasks.py").read_text() == HEAD + after
    assert lint(".").status == 0


def test_findings_of_one_line_share_a_comment(project, lint):
    text = (project / "tasks.py").read_text().replace("request.user, 5", "request.user, open('x')")
    (project / "tasks.py").write_text(text)

    ran = lint("--add-ignores", ".")

    assert ran.status == 0
    assert "wrote comments for 3 findings into 1 file" in ran.err
    assert "open('x'))  # jobkit: ignore[JK101, JK103]\n" in (project / "tasks.py").read_text()


def test_line_ends_and_marks_are_kept(project, lint):
    content = b"\xef\xbb\xbf" + (HEAD + "    ship.delay(request.user)\n").replace("\n", "\r\n").encode()
    (project / "tasks.py").write_bytes(content)

    lint("--add-ignores", ".")

    added = b"ship.delay(request.user)  # jobkit: ignore[JK101]"
    assert (project / "tasks.py").read_bytes() == content.replace(b"ship.delay(request.user)", added)


def test_a_diff_shows_them_and_writes_nothing(project, lint):
    before = (project / "tasks.py").read_text()

    ran = lint("--add-ignores", "--diff", ".")

    assert "+    charge.delay(request.user, 5)  # jobkit: ignore[JK101]\n" in ran.out
    assert (project / "tasks.py").read_text() == before
