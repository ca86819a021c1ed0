"""The decorator, the plain call and the pinned schedule, as a user's test file has them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pytest_jobkit.retry_safety import Call, NotRetrySafe, assert_retry_safe, replay, retry_safe, world

SHOP = """
import sqlite3
from types import SimpleNamespace
import pytest
from pytest_jobkit.retry_safety import at_least_once, effect, replay, retry_safe, world

here = SimpleNamespace()

@world
def shop():
    here.db = sqlite3.connect(":memory:")
    here.db.executescript("create table payments(order_id int unique, status text)")
    yield here
    here.db.close()

def charge(order_id, key=None):
    with effect("http", "POST /charges", body={"order": order_id}, key=key):
        pass

def unsafe(order_id):
    charge(order_id)
    here.db.execute("insert or ignore into payments values (?, 'paid')", (order_id,))
    here.db.commit()

def safe(order_id):
    charge(order_id, key=f"order-{order_id}")
    here.db.execute("insert or ignore into payments values (?, 'paid')", (order_id,))
    here.db.commit()
"""


def run(pytester: pytest.Pytester, test: str) -> pytest.RunResult:
    pytester.makepyfile(SHOP + test)
    return pytester.runpytest("-p", "no:randomly", "-p", "no:cacheprovider")


def test_the_body_of_a_decorated_test_observes(pytester: pytest.Pytester):
    result = run(
        pytester,
        """
        @retry_safe(safe, 1, world=shop)
        def test_safe(shop):
            assert shop.db.execute("select count(*) from payments").fetchone()[0] <= 1
            return shop.db.execute("select * from payments").fetchall()

        @retry_safe(unsafe, 1, world=shop)
        def test_unsafe(shop):
            return shop.db.execute("select * from payments").fetchall()

        @retry_safe(unsafe, 1, world=shop, channels={"http": at_least_once})
        def test_allowed(shop): ...
        """.replace("\n        ", "\n"),
    )

    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*unsafe(1) is NOT retry-safe   1 fault is enough",
            "*charged twice: http POST /charges {order: 1}   1 -> 2",
            "*replay: rs1:1.noack3",
            "*delivery 1",
            "*1  http  POST /charges {order: 1}  (no idempotency key)*took place at the receiver",
            "*✗  done, but the acknowledgement was lost",
            "*delivery 2   (+3s)",
            "*◀ second time",
            "*✓  acknowledged",
            "*compared with the run without faults",
            "*the window*",
            "*took place here",
            "*ways out",
        ]
    )


def test_fixtures_reach_the_observer_and_the_world(pytester: pytest.Pytester):
    result = run(
        pytester,
        """
        @pytest.fixture
        def limit():
            return 1

        @world
        def file_shop(tmp_path):
            here.db = sqlite3.connect(tmp_path / "shop.db")
            here.db.executescript("drop table if exists payments; create table payments(order_id unique, status)")
            yield here
            here.db.close()

        @pytest.mark.parametrize("order_id", [1, 2])
        @retry_safe(safe, 1, world=file_shop)
        def test_safe(shop, limit, order_id):
            assert order_id in (1, 2)
            assert len(shop.db.execute("select * from payments").fetchall()) <= limit
        """.replace("\n        ", "\n"),
    )

    result.assert_outcomes(passed=2)


def test_a_pinned_schedule_runs_alone_and_moves_with_its_label(pytester: pytest.Pytester):
    result = run(
        pytester,
        """
        def log(line):
            with effect("log", "write", body=line):
                pass

        def unsafe_with_a_log_line(order_id):
            log("starting")
            unsafe(order_id)

        LABEL = "db insert into payments @unsafe #1"

        @replay("rs1:1.kill1", label=LABEL)
        @retry_safe(unsafe, 1, world=shop)
        def test_as_it_was(shop): ...

        @replay("rs1:1.kill1", label=LABEL)
        @retry_safe(unsafe_with_a_log_line, 1, world=shop, channels={"log": at_least_once})
        def test_moved(shop): ...

        @replay("rs1:1.kill1", label="db insert into refunds @unsafe #1")
        @retry_safe(unsafe, 1, world=shop)
        def test_gone(shop): ...

        @replay("rs1:1.kill1", label="insert@1")
        @retry_safe(safe, 1, world=shop)
        def test_repaired(shop): ...
        """.replace("\n        ", "\n"),
    )

    result.assert_outcomes(passed=1, failed=3)
    result.stdout.fnmatch_lines(
        [
            "*replay: rs1:1.kill1",
            "*replay: rs1:1.kill2",
            "*moved from position 1 to 2",
            "*the pinned schedule has lost its place: 1.kill1 was at 'db insert into refunds @unsafe #1'*",
        ]
    )


def test_a_replay_string_says_the_same_in_another_process(tmp_path):
    (tmp_path / "shop_jobs.py").write_text(SHOP)
    script = """
import sys
from shop_jobs import shop, safe, unsafe
from pytest_jobkit.retry_safety import retry_safe, replay, NotRetrySafe
try:
    replay(sys.argv[1])(retry_safe(unsafe, 1, world=shop)(lambda shop: None))()
except NotRetrySafe as error:
    print(error.report.schedule, [str(finding) for finding in error.report.findings])
"""
    found = subprocess.run(
        [sys.executable, "-c", script, "rs1:1.noack3"], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert found.stdout.strip() == "rs1:1.noack3 ['duplicate http POST /charges {order: 1}: 1 -> 2']"


def test_a_check_does_not_import_hypothesis(tmp_path):
    (tmp_path / "shop_jobs.py").write_text(SHOP.replace("import pytest\n", ""))
    script = """
import sys
from shop_jobs import shop, safe
from pytest_jobkit.retry_safety import assert_retry_safe
assert_retry_safe(safe, 1, world=shop)
print("hypothesis" in sys.modules)
"""
    found = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "False"


@world
def box():
    yield {"value": 0, "log": []}


def test_a_plain_call_takes_a_call_or_a_job_with_arguments():
    def job(value, *, twice=False):
        assert twice

    call = Call(job, 1, twice=True)

    for arguments in ((call,), (job, 1)):
        settings = {} if len(arguments) == 1 else {"twice": True}
        assert assert_retry_safe(*arguments, world=box, observe=lambda w: w["value"], **settings).safe
    assert repr(call) == "job(1, twice=True)"
    with pytest.raises(TypeError, match=r"job\(1, twice=True\) has its arguments already"):
        assert_retry_safe(call, 2, world=box)


def test_arguments_that_do_not_fit_are_an_error_that_names_the_job():
    def job(value): ...

    with pytest.raises(TypeError, match=r"job\(1, 2\): the arguments do not fit the job: too many positional"):
        assert_retry_safe(job, 1, 2, world=box)
    with pytest.raises(TypeError, match=r"job\(1, colour='red'\): .* unexpected keyword argument 'colour'"):
        assert_retry_safe(job, 1, colour="red", world=box)
    with pytest.raises(TypeError, match="needs a job that can be called; got 3"):
        assert_retry_safe(3, world=box)


def test_each_delivery_gets_its_own_copy_of_the_arguments():
    seen = []

    def job(items):
        seen.append(list(items))
        items.append("touched")

    assert assert_retry_safe(job, ["a"], world=box, observe=lambda w: w["value"]).safe
    assert set(map(tuple, seen)) == {("a",)}


def test_the_failure_is_an_assertion_with_the_report_in_it():
    def job():
        raise OSError("disk full")

    with pytest.raises(NotRetrySafe) as caught:
        assert_retry_safe(job, world=box)

    assert isinstance(caught.value, AssertionError)
    assert caught.value.report.verdict == "fails without any fault"


def test_replay_goes_above_retry_safe():
    with pytest.raises(TypeError, match="@replay goes above @retry_safe"):
        replay("rs1:1.kill1")(lambda world: None)
    assert retry_safe(lambda: None, world=box)(lambda w: w["value"])() is None
