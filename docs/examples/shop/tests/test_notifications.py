"""Notifications: the queue depends on the user; a mailing goes out in slices and can be interrupted."""

from __future__ import annotations

from jobs import BulkEmail, Notification


def test_premium_users_are_served_first(have_enqueued_job):
    with have_enqueued_job(Notification).with_args(1, "hello").on_queue("high_priority"):
        Notification.perform_later(1, "hello")
    with have_enqueued_job(Notification).with_args(2, "hello").on_queue("default"):
        Notification.perform_later(2, "hello")


def test_a_notification_that_is_delivered_twice_is_sent_once(jobs, perform_enqueued_jobs, shop):
    job = Notification.perform_later(2, "hello")
    perform_enqueued_jobs()

    jobs.redeliver(job)
    perform_enqueued_jobs()

    assert len(shop.outbox.sent) == 1


def with_users(shop, count):
    with shop.db as db:
        db.executemany("insert into users (email) values (?)", [(f"user{n}@example.org",) for n in range(count)])
        db.execute("insert into mailings (id, subject) values (1, 'Sale')")


def test_a_mailing_reaches_everybody_once(shop, perform_enqueued_jobs):
    with_users(shop, 248)
    BulkEmail.perform_later(1)

    perform_enqueued_jobs()

    assert len(shop.outbox.sent) == 250


def test_an_interrupted_mailing_goes_on_where_it_was(jobs, shop, perform_enqueued_jobs):
    with_users(shop, 248)
    interruptions = [True]
    jobs.engine.stop_when.append(lambda job: bool(interruptions) and interruptions.pop())
    BulkEmail.perform_later(1)

    result = perform_enqueued_jobs(only=BulkEmail)

    assert (result.interrupted, result.succeeded) == (1, 1)
    assert perform_enqueued_jobs().succeeded == 250
    assert len(shop.outbox.sent) == 250
