"""The bar of long runs: on a terminal, late, and gone at the end."""

from __future__ import annotations

import io
import time

from jobkit_lint.progress import Bar, Progress, progress_for


class Terminal(io.StringIO):
    """An error stream that somebody looks at."""

    def isatty(self) -> bool:
        return True


def test_nobody_looks_and_there_is_no_bar(monkeypatch):
    monkeypatch.setattr("sys.stderr", io.StringIO())

    assert type(progress_for(True)) is Progress


def test_a_terminal_has_one_unless_it_is_not_wanted(monkeypatch):
    monkeypatch.setattr("sys.stderr", Terminal())

    assert isinstance(progress_for(True), Bar)
    assert type(progress_for(False)) is Progress


def test_a_short_run_shows_nothing(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)

    with Bar(delay=60) as bar:
        bar.begin("judging", 3)
        bar.step("JK101")

    assert terminal.getvalue() == ""


def test_a_long_run_tells_the_rule_it_is_at(monkeypatch):
    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", terminal)

    with Bar(delay=0) as bar:
        bar.begin("judging", 2)
        bar.step("JK101 object-argument")
        while "JK101 object-argument" not in terminal.getvalue():
            time.sleep(0.01)

    # rich shows the cursor again and clears the line
    assert "\x1b[2K" in terminal.getvalue()
