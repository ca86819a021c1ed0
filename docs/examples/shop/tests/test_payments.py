"""Payments: the status guards them, the key makes a repetition harmless."""

from __future__ import annotations

import pytest

from jobs import ProcessPayment, Reliable
from shop.errors import CardExpired, PaymentError


@pytest.fixture
def payment(shop):
    with shop.db as db:
        db.execute("insert into payments (id, order_id) values (7, 42)")
    return 7


def status(shop):
    return shop.one("select status from payments where id = 7")["status"]


def test_a_payment_is_charged_and_marked(shop, payment):
    ProcessPayment.perform_now(payment)

    assert status(shop) == "paid"
    assert len(shop.gateway.charges) == 1


def test_a_paid_payment_is_left_alone(shop, payment):
    ProcessPayment.perform_now(payment)
    ProcessPayment.perform_now(payment)

    assert len(shop.gateway.charges) == 1


def test_payments_have_their_own_queue(have_enqueued_job, payment):
    with have_enqueued_job(ProcessPayment).on_queue("payments"):
        ProcessPayment.perform_later(payment)


def test_a_payment_that_never_goes_through_is_marked_as_failed(shop, payment, perform_enqueued_jobs, have_dead_job):
    shop.gateway.failing += [PaymentError("declined") for _ in range(4)]
    ProcessPayment.perform_later(payment)

    result = perform_enqueued_jobs(errors="capture")

    assert result.performed == 4
    assert have_dead_job(ProcessPayment)
    assert status(shop) == "failed"


def test_an_expired_card_discards_the_payment_at_once(shop, payment, perform_enqueued_jobs, have_discarded_job):
    shop.gateway.failing.append(CardExpired())
    ProcessPayment.perform_later(payment)

    assert perform_enqueued_jobs().performed == 1
    assert have_discarded_job(ProcessPayment)
    assert status(shop) == "failed"


def test_a_reliable_job_leaves_a_dead_letter_and_an_alert(shop, perform_enqueued_jobs, have_dead_job):
    shop.gateway.failing += [PaymentError("down") for _ in range(5)]
    Reliable.perform_later(42)

    perform_enqueued_jobs(errors="capture")

    assert have_dead_job(Reliable)
    assert [row["error"] for row in shop.rows("select error from dead_letters")] == ["PaymentError('down')"]
    assert [mail.to for mail in shop.outbox.sent] == ["oncall@shop.example"]
