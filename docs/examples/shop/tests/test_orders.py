"""Orders: the status, the mail that follows, and what the network does to them."""

from __future__ import annotations

import pytest

from jobs import process_order, send_order_mail
from shop.errors import CardExpired, ConnectTimeout, OrderNotFound, RateLimited


def test_performing_changes_the_status(shop):
    process_order.perform_now(42)

    assert shop.one("select status from orders where id = 42")["status"] == "processed"
    assert [charge.cents for charge in shop.gateway.charges] == [500]


def test_the_confirmation_is_mailed_a_minute_later(have_enqueued_job):
    with have_enqueued_job(send_order_mail).with_args(42).on_queue("mailers").delayed_by(60, within=1).once():
        process_order.perform_now(42)


def test_an_order_goes_through_the_queue_to_its_mail(perform_enqueued_jobs, shop):
    process_order.perform_later(42)

    result = perform_enqueued_jobs()

    assert result.succeeded == 2
    assert [mail.to for mail in shop.outbox.sent] == ["ann@example.org"]


def test_it_is_enqueued_with_its_id_on_the_default_queue(have_enqueued_job):
    with have_enqueued_job(process_order).with_args(42).on_queue("default").with_priority(10):
        process_order.perform_later(42)


def test_network_errors_are_retried_with_growing_waits(simulate_retries):
    run = simulate_retries(process_order, 42, raising=ConnectTimeout, times=4)

    assert run.waits == pytest.approx([3, 18, 83, 258], rel=0.16)
    assert run.outcome == "succeeded"
    assert run.executions == 5


def test_a_missing_order_is_looked_for_three_times(jobs, perform_enqueued_jobs, have_dead_job):
    process_order.perform_later(1)

    result = perform_enqueued_jobs(errors="capture")

    assert result.performed == 3
    assert have_dead_job(process_order).with_args(1)
    assert isinstance(jobs.engine.dead[0].error, OrderNotFound)


def test_a_rate_limited_order_waits_as_long_as_it_is_told(shop, perform_enqueued_jobs, have_retried_job):
    shop.gateway.failing.append(RateLimited(120))
    process_order.perform_later(42)

    perform_enqueued_jobs()

    assert have_retried_job(process_order)
    assert len(shop.gateway.charges) == 1


def test_an_expired_card_is_not_tried_again(shop, perform_enqueued_jobs, have_discarded_job):
    shop.gateway.failing.append(CardExpired())
    process_order.perform_later(42)

    perform_enqueued_jobs()

    assert have_discarded_job(process_order).with_args(42)
    assert shop.one("select status from orders where id = 42")["status"] == "card_expired"


def test_a_duplicate_delivery_charges_once(jobs, perform_enqueued_jobs, shop):
    job = process_order.perform_later(42)
    perform_enqueued_jobs()

    jobs.redeliver(job)
    perform_enqueued_jobs()

    assert len(shop.gateway.charges) == 1
    assert len(shop.outbox.sent) == 1
