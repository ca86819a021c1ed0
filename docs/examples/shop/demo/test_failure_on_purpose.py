"""Fails on purpose, to show what a failing job test looks like. The bad twin of the notification is to blame."""

from __future__ import annotations

import pytest

from bad.notify_user import NotifyUser
from shop import open_shop
from shop.errors import ConnectTimeout


@pytest.fixture
def shop():
    opened = open_shop()
    with opened.db as db:
        db.execute("insert into users (id, email) values (2, 'bob@example.org')")
    yield opened
    opened.db.close()


def test_a_notification_reaches_the_user_through_a_bad_network(shop, perform_enqueued_jobs, have_enqueued_job):
    shop.outbox.failing += [ConnectTimeout("mail server"), ConnectTimeout("mail server")]

    with have_enqueued_job(NotifyUser).with_args(2, "hello").on_queue("high_priority"):
        NotifyUser.perform_later(2, "hello")
        perform_enqueued_jobs()
