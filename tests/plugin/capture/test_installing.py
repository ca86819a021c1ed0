"""Captures are found without a list, take what is imported when it is imported, and leave everything as it was."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Iterator
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobkit import ConfigError
from jobkit.engine import Engine
from pytest_jobkit.capture import versions
from pytest_jobkit.capture.discovery import watched_modules
from pytest_jobkit.capture.installed import InstalledCaptures
from pytest_jobkit.capture.patches import Patches
from pytest_jobkit.capture.versions import UntriedVersionWarning


def run(source: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", source], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_file_here_is_named_as_its_framework_is_imported() -> None:
    assert watched_modules()["celery"] == "pytest_jobkit.capture.celery"


def test_nothing_of_a_framework_is_imported_before_the_test_imports_it() -> None:
    assert (
        run(
            "import sys\n"
            "from jobkit.engine import Engine\n"
            "from pytest_jobkit.capture.installed import InstalledCaptures\n"
            "engine = Engine()\n"
            "with InstalledCaptures(engine.push, engine.clock) as captures:\n"
            "    print(list(captures), 'celery' in sys.modules, 'kombu' in sys.modules)"
        )
        == "[] False False"
    )


def test_a_framework_that_is_imported_in_the_middle_of_a_test_is_taken_then() -> None:
    assert (
        run(
            "from jobkit.engine import Engine\n"
            "from pytest_jobkit.capture.installed import InstalledCaptures\n"
            "engine = Engine()\n"
            "with InstalledCaptures(engine.push, engine.clock) as captures:\n"
            "    from celery import Celery\n"
            "    app = Celery('late', broker='redis://127.0.0.1:1/0')\n"
            "    app.send_task('late.add')\n"
            "    print([job.name for job in engine.enqueued], [one.framework for one in captures])"
        )
        == "['late.add'] ['celery']"
    )


def test_only_the_frameworks_that_are_asked_for_are_taken(engine: Engine) -> None:
    pytest.importorskip("celery")

    with InstalledCaptures(engine.push, engine.clock, only=["huey"]) as captures:
        assert "celery" not in [one.framework for one in captures]


def test_a_framework_that_is_not_asked_for_is_not_taken_on_a_later_import_either() -> None:
    assert (
        run(
            "from jobkit.engine import Engine\n"
            "from pytest_jobkit.capture.installed import InstalledCaptures\n"
            "engine = Engine()\n"
            "with InstalledCaptures(engine.push, engine.clock, only=['huey']) as captures:\n"
            "    import kombu\n"
            "    publish = kombu.Producer.publish\n"
            "    import celery, huey\n"
            "    celery.Celery\n"
            "    print([one.framework for one in captures], kombu.Producer.publish is publish)"
        )
        == "['huey'] True"
    )


def test_a_name_that_no_capture_knows_is_refused_with_the_nearest(engine: Engine) -> None:
    with pytest.raises(ConfigError, match=r"'celry' is none; did you mean 'celery'\?"):
        InstalledCaptures(engine.push, engine.clock, only=["celry"])


def test_the_ini_key_says_which_frameworks_are_taken(pytester: pytest.Pytester) -> None:
    pytester.makepyprojecttoml("[tool.pytest.ini_options]\njobkit_frameworks = ['dramatiq']")
    pytester.makepyfile("""
        import celery, dramatiq

        def test_it(jobs):
            assert [one.framework for one in jobs.captures] == ["dramatiq"]
    """)

    pytester.runpytest_subprocess("-p", "no:randomly").assert_outcomes(passed=1)


def test_celery_is_as_it_was_after_a_test(engine: Engine) -> None:
    import celery.app.control
    import celery.app.trace
    import celery.app.utils
    import celery.utils.time
    import celery.worker.request
    import kombu

    owners: list[Any] = [
        celery.Celery,
        celery.Task,
        celery.app.control.Control,
        celery.app.trace,
        celery.app.utils.Settings,
        celery.utils.time,
        celery.worker.request,
        kombu.Producer,
        kombu.Connection,
    ]
    before = [dict(vars(owner)) for owner in owners]

    with InstalledCaptures(engine.push, engine.clock, only=["celery"]):
        assert [dict(vars(owner)) for owner in owners] != before

    assert [dict(vars(owner)) for owner in owners] == before


def test_a_capture_that_cannot_be_put_in_place_leaves_nothing_behind(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    import celery.worker.request  # takes the name that is about to go, at its own import
    import kombu
    from celery.app import trace

    from jobkit.errors import JobkitError

    assert celery.worker.request is not None
    before = kombu.Producer.publish
    monkeypatch.delattr(trace, "fast_trace_task")

    with pytest.raises(JobkitError, match=r"needs celery\.app\.trace\.fast_trace_task, and the installed version"):
        InstalledCaptures(engine.push, engine.clock, only=["celery"]).install()
    assert kombu.Producer.publish is before


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def untold() -> Iterator[None]:
    """No warning about a version has been given in this process yet."""
    checked = set(versions._checked)
    versions._checked.clear()
    yield
    versions._checked.clear()
    versions._checked.update(checked)


@pytest.mark.usefixtures("untold")
def test_an_untried_version_is_warned_about_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "version", lambda name: "9.0.1")

    with pytest.warns(versions.UntriedVersionWarning, match=r"Celery 9\.0\.1 is installed; .* tried with 5\.6, 5\.7"):
        versions.check_version("Celery", "celery", ("5.6", "5.7"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        versions.check_version("Celery", "celery", ("5.6", "5.7"))


@pytest.mark.usefixtures("untold")
@pytest.mark.parametrize("installed", ["5.7", "5.7.0", "5.7.0rc1"])
def test_a_tried_version_is_not_warned_about(installed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "version", lambda name: installed)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        versions.check_version("Celery", "celery", ("5.7",))


@given(st.lists(st.sampled_from("abc"), max_size=8), st.dictionaries(st.sampled_from("abc"), st.integers()))
def test_patches_put_back_whatever_was_there(names: list[str], there: dict[str, int]) -> None:
    owner = SimpleNamespace(**there)
    patches = Patches()
    chance = Random(0)

    for name in names:
        patches.replace(owner, name, chance.random())
    patches.undo()

    assert vars(owner) == there


def test_an_inherited_attribute_is_uncovered_again() -> None:
    class Base:
        name = "inherited"

    class Owner(Base):
        pass

    patches = Patches()
    assert patches.replace(Owner, "name", "own") == "inherited"
    patches.undo()

    assert "name" not in vars(Owner)
    assert Owner.name == "inherited"


def test_a_version_that_lacks_what_the_capture_needs_is_a_warning_and_no_crash(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import huey.signals

    for module in [name for name in sys.modules if name.startswith("pytest_jobkit.capture.huey")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.delattr(huey.signals, "SIGNAL_REVOKED")
    engine = Engine()

    with (
        pytest.warns(UntriedVersionWarning, match="huey is not captured, .* lacks what the capture needs"),
        InstalledCaptures(engine.push, engine.clock, only=["huey"]) as captures,
    ):
        assert list(captures) == []
