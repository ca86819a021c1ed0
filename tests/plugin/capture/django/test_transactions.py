"""Celery in a Django project: on_commit forms in a TestCase, and jobs that are enqueued before their row is there.

Django's settings are of the whole process, so the project runs in one of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("django")
pytest.importorskip("celery")

SETTINGS = """
SECRET_KEY = "only a test"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["shop"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
"""

SHOP = """
from celery import Celery

app = Celery("shop")
app.config_from_object("django.conf:settings", namespace="CELERY")


@app.task(name="shop.charge")
def charge(order_id, note=""):
    from shop.models import Order

    Order.objects.filter(pk=order_id).update(paid=True)
"""

MODELS = """
from django.db import models


class Order(models.Model):
    paid = models.BooleanField(default=False)
"""

TESTS = """
import warnings
from functools import partial

from django.db import transaction
from django.test import TestCase, TransactionTestCase

from jobkit.engine import Engine
from pytest_jobkit.capture.django_orm import (
    BEFORE_COMMIT, EnqueuedBeforeCommit, TRANSACTION, commit_hooks, run_commit_hooks, waiting_on_commit,
)
from pytest_jobkit.capture.installed import InstalledCaptures
from shop import charge
from shop.models import Order


class Captured:
    def setUp(self):
        super().setUp()
        self.engine = Engine()
        captures = InstalledCaptures(self.engine.push, self.engine.clock, only=["celery"])
        captures.install()
        self.addCleanup(captures.uninstall)

    def header(self, name):
        return [(job.envelope.headers or {}).get(name) for job in self.engine.enqueued]


class OnCommit(Captured, TestCase):
    def test_delay_on_commit_waits_and_the_wait_can_be_seen(self):
        order = Order.objects.create()
        with transaction.atomic():
            charge.delay_on_commit(order.pk, note="now")

        self.assertEqual(self.engine.enqueued, ())
        self.assertEqual(waiting_on_commit(), [f"shop.charge.delay({order.pk}, note='now')"])

    def test_djangos_own_helper_enqueues(self):
        with self.captureOnCommitCallbacks(execute=True):
            charge.delay_on_commit(1)
            charge.apply_async_on_commit((2,), countdown=5)

        self.assertEqual([list(job.arguments) for job in self.engine.enqueued], [[1]])
        self.assertEqual([list(job.arguments) for job in self.engine.scheduled], [[2]])

    def test_the_hooks_can_be_run_by_hand(self):
        transaction.on_commit(partial(charge.delay, 1))
        transaction.on_commit(lambda: transaction.on_commit(lambda: charge.delay(2)))

        self.assertEqual(run_commit_hooks(), 3)
        self.assertEqual(waiting_on_commit(), [])
        self.assertEqual([list(job.arguments) for job in self.engine.enqueued], [[1], [2]])

    def test_the_hooks_of_a_block_run_at_its_end_and_those_before_it_stay(self):
        charge.delay_on_commit(1)
        with commit_hooks():
            charge.delay_on_commit(2)
            self.assertEqual(self.engine.enqueued, ())

        self.assertEqual([list(job.arguments) for job in self.engine.enqueued], [[2]])
        self.assertEqual(waiting_on_commit(), ["shop.charge.delay(1)"])

    def test_a_robust_hook_that_fails_is_logged_and_the_others_run(self):
        def broken():
            raise ValueError("no mail today")

        transaction.on_commit(broken, robust=True)
        charge.delay_on_commit(1)
        with self.assertLogs("django.db.backends.base", "ERROR"):
            run_commit_hooks()

        self.assertEqual(len(self.engine.enqueued), 1)

    def test_a_task_sees_the_rows_of_the_test_and_the_test_those_of_the_task(self):
        order = Order.objects.create()
        charge.delay(order.pk)
        self.engine.drain()

        order.refresh_from_db()
        self.assertTrue(order.paid)


class BeforeCommit(Captured, TestCase):
    def test_an_enqueue_inside_atomic_with_the_key_of_its_new_row_is_reported(self):
        with self.assertWarnsRegex(EnqueuedBeforeCommit, "enqueued before commit: shop.charge names shop.Order") as w:
            with transaction.atomic():
                order = Order.objects.create()
                charge.delay(order.pk)

        self.assertEqual(w.filename, __file__)
        self.assertEqual(self.header(BEFORE_COMMIT), [f"shop.Order {order.pk}"])
        self.assertEqual(self.header(TRANSACTION), ["default"])

    def test_the_same_after_the_block_is_not_reported(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with transaction.atomic():
                order = Order.objects.create()
            charge.delay(order.pk)
            with transaction.atomic():
                charge.delay_on_commit(order.pk)
            run_commit_hooks()

        self.assertEqual(self.header(BEFORE_COMMIT), [None, None])
        self.assertEqual(self.header(TRANSACTION), [None, None])

    def test_an_enqueue_inside_atomic_about_an_older_row_is_only_marked(self):
        order = Order.objects.create()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with transaction.atomic():
                charge.delay(order.pk)

        self.assertEqual(self.header(TRANSACTION), ["default"])
        self.assertEqual(self.header(BEFORE_COMMIT), [None])


class RealCommit(Captured, TransactionTestCase):
    def test_outside_a_test_case_a_commit_runs_the_hooks_itself(self):
        with transaction.atomic():
            charge.delay_on_commit(7)
            self.assertEqual(self.engine.enqueued, ())

        self.assertEqual([list(job.arguments) for job in self.engine.enqueued], [[7]])

    def test_a_rollback_forgets_them(self):
        with self.assertRaises(ValueError), transaction.atomic():
            charge.delay_on_commit(7)
            raise ValueError

        self.assertEqual(self.engine.enqueued, ())
"""


def test_a_django_project_with_celery(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    for name, text in {
        "settings.py": SETTINGS,
        "shop/__init__.py": SHOP,
        "shop/models.py": MODELS,
        "shop/tests.py": TESTS,
    }.items():
        (tmp_path / name).write_text(text)

    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning:shop", "-m", "django", "test", "--verbosity=0"],
        cwd=tmp_path,
        env=os.environ
        | {"DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "Ran 11 tests" in done.stderr
