"""Jobs around the transactions of a Django `TestCase`, which never commits: told at the test's end and in its story.

Django's settings are of the whole process, so the tests run in one of their own.
"""

from __future__ import annotations

import pytest

pytest.importorskip("django")
pytest.importorskip("celery")

SETTINGS = """
USE_TZ = True
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
"""

PROJECT = """
import os

import pytest
from celery import Celery

os.environ["DJANGO_SETTINGS_MODULE"] = "shop_settings"

import django

django.setup()

from django.db import connection, models, transaction
from django.test import TestCase

app = Celery("shop", broker="redis://127.0.0.1:1/0")


@app.task(name="shop.charge")
def charge(order_id): ...


class Order(models.Model):
    class Meta:
        app_label = "shop"


@pytest.fixture(scope="session", autouse=True)
def tables():
    with connection.schema_editor() as editor:
        editor.create_model(Order)


class Checkout(TestCase):
    @pytest.fixture(autouse=True)
    def _with_jobs(self, jobs):
        self.jobs = jobs
"""


def run(pytester: pytest.Pytester, test: str) -> pytest.RunResult:
    pytester.makepyfile(PROJECT + test, shop_settings=SETTINGS)
    pytester.makeini("[pytest]\npythonpath = .\nasyncio_default_fixture_loop_scope = function")
    return pytester.runpytest_subprocess("-q", "-p", "no:randomly", "-p", "no:django")


def test_a_job_that_waits_for_the_commit_is_no_silence_of_a_passing_test(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
    def test_silent(self):
        transaction.on_commit(lambda: None)
        charge.delay_on_commit(42)
""",
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*shop.charge.delay(42) still waits for the commit of the transaction, which Django's TestCase never makes",
            "*assert not have_enqueued_job(charge); if not, commit (Django: jobs.run_commit_hooks())",
        ]
    )


def test_it_may_be_spoken_of_or_committed(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
    def test_spoken_of(self):
        charge.delay_on_commit(42)
        assert not self.jobs.have_enqueued_job(charge)

    def test_committed(self):
        charge.delay_on_commit(42)
        assert self.jobs.run_commit_hooks() == 1
        assert self.jobs.have_enqueued_job(charge).with_args(42)

    def test_other_hooks_are_nobodys_business(self):
        transaction.on_commit(lambda: None)
""",
    )

    result.assert_outcomes(passed=3)


def test_the_story_tells_of_an_enqueue_before_its_rows_commit(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
    @pytest.mark.filterwarnings("ignore:enqueued before commit")
    def test_before_commit(self):
        with transaction.atomic():
            charge.delay(Order.objects.create().pk)
        raise AssertionError
""",
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*#1 charge(1) enqueued on 'celery', before the commit of shop.Order 1, which it names*"]
    )
