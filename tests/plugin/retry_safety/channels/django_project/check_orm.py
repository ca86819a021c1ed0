"""Django's databases, in `TestCase` and in `TransactionTestCase` style: acceptance 3, and the callbacks of 4."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import connection, transaction
from django.db.utils import OperationalError
from django.test import TestCase, TransactionTestCase
from shop.models import Order, Payment

from pytest_jobkit.retry_safety import Report, RetrySafety, django_database, world


@world
def shop() -> Iterator[type[Order]]:
    with django_database():
        Order.objects.create(id=1)
        yield Order


def effects(report: Report) -> list[str]:
    return [effect.operation.name for effect in report.base.deliveries[0].effects]


def pay_in_one_block():
    with transaction.atomic():
        order = Order.objects.select_for_update().get(id=1)
        if not order.paid:
            with transaction.atomic():
                Payment.objects.create(order=order, cents=500)
            order.paid = True
            order.save()


def pay_in_two_steps():
    if not Order.objects.get(id=1).paid:
        with transaction.atomic():
            Payment.objects.create(order_id=1, cents=500)
        Order.objects.filter(id=1).update(paid=True)


def tell_after_commit():
    with transaction.atomic():
        Order.objects.filter(id=1, paid=False).update(paid=True)
        transaction.on_commit(lambda: Payment.objects.create(order_id=1, cents=1))


def pay_unless_paid_then_tell():
    with transaction.atomic():
        if Order.objects.filter(id=1, paid=False).update(paid=True):
            transaction.on_commit(lambda: Payment.objects.create(order_id=1, cents=1))


def swallow_everything():
    try:
        with transaction.atomic():
            Payment.objects.create(order_id=1, cents=500)
            Order.objects.filter(id=1).update(paid=True)
    except BaseException:
        Order.objects.filter(id=1).update(paid=True)


def check(job: object, **options: object) -> Report:
    return RetrySafety()(job, world=shop, **options)


class Both:
    """The same in both styles."""

    def test_a_guarded_payment_in_one_block_is_safe(self):
        report = check(pay_in_one_block)

        assert report.safe, report
        assert report.closed
        assert effects(report) == ["select from shop_order", "insert into shop_payment", "update shop_order", "commit"]

    def test_kill_at_every_gap_of_an_atomic_block_leaves_the_rows_of_the_last_commit(self):
        seen: list[tuple[int, int]] = []

        def observe(_world: object) -> None:
            seen.append((Payment.objects.count(), Order.objects.filter(paid=True).count()))

        report = check(pay_in_one_block, kinds="kill", observe=observe, always=True, faults=1)

        assert report.safe, report
        assert set(seen) <= {(0, 0), (1, 1)}

    def test_two_transactions_are_two_commits(self):
        report = check(pay_in_two_steps)

        assert report.schedule == "rs1:1.kill3"
        assert not report.safe

    def test_a_callback_after_the_commit_is_lost_with_the_worker(self):
        report = check(pay_unless_paid_then_tell)

        assert report.schedule == "rs1:1.kill2"
        assert effects(report) == ["update shop_order", "commit", "insert into shop_payment"]

    def test_a_callback_is_called_again(self):
        assert check(tell_after_commit).schedule == "rs1:1.noack3"

    def test_a_swallowed_kill_commits_nothing(self):
        report = check(swallow_everything, kinds="kill")

        assert report.safe, report

    def test_the_injected_error_is_djangos_own_and_after_the_commit_the_rows_are_there(self):
        seen: list[int] = []

        def job():
            try:
                with transaction.atomic():
                    Payment.objects.create(order_id=1, cents=500)
            except OperationalError:
                seen.append(Payment.objects.count())

        check(job, kinds="before")
        check(job, kinds="after")

        assert set(seen) == {0, 1}

    def test_the_world_is_as_before_when_the_check_ends(self):
        check(pay_in_two_steps)

        assert not Order.objects.exists()
        with pytest.raises(ObjectDoesNotExist):
            Order.objects.get(id=1)
        assert not connection.needs_rollback


class InATransaction(Both, TestCase):
    pass


class InTransactionsOfTheirOwn(Both, TransactionTestCase):
    pass


del Both
