"""The page of --jobkit-report and the lines of --jobkit-trace."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

TESTS = """
import jobkit
import pytest

@jobkit.job
@jobkit.retry_on(OSError, wait=5, attempts=3, jitter=0)
def ship(what):
    if jobkit.current_job().executions < 2:
        raise OSError("no network")

def test_a_retry(jobs):
    ship.perform_later("<script>document.title = 'run'</script>")
    jobs.perform_enqueued_jobs()

def test_a_failure(jobs):
    ship.perform_later("& more")
    assert not jobs.have_enqueued_job(ship)

def test_without_jobs():
    pass
"""


def page_of(pytester: pytest.Pytester, *options: str) -> str:
    pytester.makepyfile(test_shop=TESTS)
    result = pytester.runpytest_subprocess("-p", "no:randomly", "--jobkit-report=out/page.html", *options)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["jobkit: the report of 2 tests with jobs is *page.html"])
    return (pytester.path / "out" / "page.html").read_text(encoding="utf-8")


class Text(HTMLParser):
    """The text of a page, and its elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def test_it_tells_attempts_waits_and_outcomes_of_each_test(pytester: pytest.Pytester) -> None:
    text = Text(page_of(pytester)).text

    assert "2 tests with jobs, 1 failed; 2 jobs, 2 executions." in text
    assert text.index("failed test_shop.py::test_a_failure") < text.index("passed test_shop.py::test_a_retry")
    assert "attempt 1: retried enqueued again 5 s later attempt 2: succeeded" in text
    assert "attempt 1 retried: OSError: no network" in text
    assert "test_without_jobs" not in text


def test_a_failed_test_says_why(pytester: pytest.Pytester) -> None:
    text = Text(page_of(pytester)).text

    assert "AssertionError: expected no ship to be enqueued but 1 was enqueued:" in text
    assert text.count("AssertionError") == 1


def test_markup_in_arguments_stays_text(pytester: pytest.Pytester) -> None:
    page = Text(page_of(pytester))

    assert "ship(\"<script>document.title = 'run'</script>\")" in page.text
    assert "ship('& more')" in page.text
    assert "script" not in page.tags


def test_it_needs_nothing_from_the_network(pytester: pytest.Pytester) -> None:
    page = page_of(pytester)

    assert not {"link", "img", "script", "iframe"} & Text(page).tags
    assert "://" not in page
    assert "url(" not in page
    assert "default-src 'none'" in page


def test_workers_of_xdist_make_one_page(pytester: pytest.Pytester) -> None:
    text = Text(page_of(pytester, "-n", "2")).text

    assert "2 tests with jobs, 1 failed; 2 jobs, 2 executions." in text
    assert "5 s later attempt 2: succeeded" in text


def test_without_jinja2_no_test_is_run_in_vain(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("import sys; sys.modules['jinja2'] = None")
    pytester.makepyfile(test_shop=TESTS)

    result = pytester.runpytest_subprocess("-p", "no:randomly", "--jobkit-report=page.html")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "--jobkit-report needs jinja2, which is not installed" in result.stderr.str()


def test_a_page_that_cannot_be_written_is_told_at_the_end(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_shop="def test_it(jobs): ...", taken="")

    result = pytester.runpytest_subprocess("-p", "no:randomly", "--jobkit-report=taken.py/page.html")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["jobkit: the report could not be written: *taken.py*"])
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_the_ini_file_may_ask_for_it(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\njobkit_report = page.html\n")
    pytester.makepyfile("def test_nothing(): pass")

    pytester.runpytest_subprocess()

    assert "No test of this run had any jobs." in (pytester.path / "page.html").read_text(encoding="utf-8")


def test_a_trace_tells_of_passed_tests_too(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_shop=TESTS)

    result = pytester.runpytest_subprocess("-p", "no:randomly", "--jobkit-trace")

    result.stdout.fnmatch_lines(
        [
            "*= jobs of each test =*",
            "test_shop.py::test_a_retry (passed)",
            "*+0 s *attempt 1 retried: OSError: no network*",
            "*+5 s *attempt 2 succeeded",
            "test_shop.py::test_a_failure (failed)",
        ]
    )


def test_without_the_options_nothing_of_it_is_imported(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(
        "import sys\n"
        "def test_it():\n"
        "    heavy = {'jinja2', 'hypothesis', 'freezegun', 'rich', 'pytest_jobkit.report', 'jobkit'}\n"
        "    assert sorted(heavy & set(sys.modules)) == []\n"
    )
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # other plugins import some of these

    run = pytester.runpytest_subprocess("-p", "pytest_jobkit.plugin")

    run.assert_outcomes(passed=1)


@pytest.mark.slow
def test_a_browser_shows_it_in_light_and_dark(pytester: pytest.Pytester, tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("needs Chromium (Debian's package chromium)")
    page_of(pytester)
    page = (pytester.path / "out" / "page.html").as_uri()
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]

    def browse(name: str, *options: str) -> bytes:
        command = [browser, *flags, f"--user-data-dir={tmp_path / name}", *options, page]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, timeout=120).stdout

    document = browse("text", "--dump-dom").decode()
    assert "<title>Jobs of " in document, "a script in an argument would have changed the title"
    assert "attempt 2: succeeded" in document
    pictures = []
    for scheme in ("0", "1"):
        browse(scheme, f"--blink-settings=preferredColorScheme={scheme}", f"--screenshot={tmp_path / scheme}.png")
        pictures.append((tmp_path / f"{scheme}.png").read_bytes())
    assert pictures[0] != pictures[1]
