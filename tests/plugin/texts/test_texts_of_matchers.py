"""Failure texts of the matchers, as a tired person reads them: what was wanted, what there is, where they differ."""

# ruff: noqa: E501  # the texts stand here as they are printed
from __future__ import annotations

from datetime import timedelta
from unittest.mock import ANY

import pytest
from inline_snapshot import snapshot
from reading_of_texts import START, text_of
from shop_of_texts import report, send_mail, ship

from pytest_jobkit import JobSession, containing


def test_nothing_was_enqueued() -> None:
    def test(jobs: JobSession) -> None:
        with jobs.have_enqueued_job(ship).with_args(42).on_queue("orders"):
            pass

    assert text_of(test) == snapshot("""\
expected exactly 1 ship to be enqueued in the block
    with_args(42)
    on_queue('orders')
but no job was enqueued at all\
""")


def test_only_other_jobs_were_enqueued() -> None:
    def test(jobs: JobSession) -> None:
        with jobs.have_enqueued_job(ship).with_args(42):
            send_mail.perform_later(42)
            report.set(wait=3600).perform_later({})

    assert text_of(test) == snapshot("""\
expected exactly 1 ship to be enqueued in the block
    with_args(42)
but no ship was enqueued

The jobs that were enqueued:
  send_mail(42) on queue 'mailers', priority 5, at once
  report({}) on queue 'default', in 3,600 s (60 min)\
""")


def test_one_field_differs() -> None:
    def test(jobs: JobSession) -> None:
        with jobs.have_enqueued_job(ship).with_args(42):
            ship.perform_later(43)

    assert text_of(test) == snapshot("""\
expected exactly 1 ship to be enqueued in the block
    with_args(42)
but none was like that. The nearest:

  ship(43) on queue 'orders', at once
      order_id: wanted 42, found 43
      enqueued at FILE:LINE in test_one_field_differs.<locals>.test\
""")


def test_every_field_that_differs_is_told() -> None:
    def test(jobs: JobSession) -> None:
        with jobs.have_enqueued_job(ship).with_args(42, gift=True).on_queue("low").with_priority(1).delayed_by(60):
            ship.perform_later(43)

    assert text_of(test) == snapshot("""\
expected exactly 1 ship to be enqueued in the block
    with_args(42, gift=True)
    on_queue('low')
    with_priority(1)
    delayed_by(60)
but none was like that. The nearest:

  ship(43) on queue 'orders', at once
      order_id: wanted 42, found 43
      gift:     wanted True, found False
      queue:    wanted 'low', found 'orders'
      priority: wanted 1, found None
      delay:    wanted 60 s, found none, it may run at once
      enqueued at FILE:LINE in test_every_field_that_differs_is_told.<locals>.test\
""")


def test_the_nearest_comes_first() -> None:
    def test(jobs: JobSession) -> None:
        with jobs.have_enqueued_job(ship).with_args(42).on_queue("orders"):
            ship.set(queue="low").perform_later(1)
            ship.perform_later(2)
            ship.set(queue="low").perform_later(3)
            send_mail.perform_later(42)

    assert text_of(test) == snapshot("""\
expected exactly 1 ship to be enqueued in the block
    with_args(42)
    on_queue('orders')
but none was like that. The nearest:

  ship(2) on queue 'orders', at once
      order_id: wanted 42, found 2
      enqueued at FILE:LINE in test_the_nearest_comes_first.<locals>.test

The other ship:
  ship(1) on queue 'low', at once
  ship(3) on queue 'low', at once

The other jobs:
  send_mail(42) on queue 'mailers', priority 5, at once\
""")


def test_large_values_are_compared_by_pytests_diff(jobs: JobSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)  # pytest cuts no diff short there
    monkeypatch.delenv("BUILD_NUMBER", raising=False)

    def test(inner: JobSession) -> None:
        options = {"format": "pdf", "columns": ["date", "customer", "total"], "title": "Sales of the first quarter"}
        with inner.have_enqueued_job(report).with_args({**options, "columns": ["date", "total"]}):
            report.perform_later(options)

    assert text_of(test, jobs.compare) == snapshot("""\
expected exactly 1 report to be enqueued in the block
    with_args({'format': 'pdf', 'columns': ['date', 'total'], 'title': 'Sales of the first quarter'})
but none was like that. The nearest:

  report({'format': 'pdf', 'columns': ['date', 'customer', 'total'], 'title': 'Sales of the first quarter'}) on queue 'default', at once
      options: wanted {'format': 'pdf', 'columns': ['date', 'total'], 'title': 'Sales of the first quarter'}
               found  {'format': 'pdf', 'columns': ['date', 'customer', 'total'], 'title': 'Sales of the first quarter'}
               Omitting 2 identical items, use -vv to show
               Differing items:
               {'columns': ['date', 'total']} != {'columns': ['date', 'customer', 'total']}
               Use -v to get more diff
      enqueued at FILE:LINE in test_large_values_are_compared_by_pytests_diff.<locals>.test\
""")


def test_values_that_look_alike() -> None:
    def test(jobs: JobSession) -> None:
        with jobs.have_enqueued_job(ship).with_args("42"):
            ship.perform_later(42)

    assert text_of(test) == snapshot("""\
expected exactly 1 ship to be enqueued in the block
    with_args('42')
but none was like that. The nearest:

  ship(42) on queue 'orders', at once
      order_id: wanted '42', found 42
                (a str is wanted, an int came)
      enqueued at FILE:LINE in test_values_that_look_alike.<locals>.test\
""")


def test_a_part_of_an_argument_is_missing() -> None:
    def test(jobs: JobSession) -> None:
        with jobs.have_enqueued_job(report).with_args(containing({"range": {"from": ANY, "to": "2026-02-01"}})):
            report.perform_later({"range": {"to": "2026-03-01"}})

    assert text_of(test) == snapshot("""\
expected exactly 1 report to be enqueued in the block
    with_args(containing({'range': {'from': <ANY>, 'to': '2026-02-01'}}))
but none was like that. The nearest:

  report({'range': {'to': '2026-03-01'}}) on queue 'default', at once
      options: wanted containing({'range': {'from': <ANY>, 'to': '2026-02-01'}})
               found  {'range': {'to': '2026-03-01'}}
               (['range']['from'] is missing; ['range']['to'] is '2026-03-01', '2026-02-01' is wanted)
      enqueued at FILE:LINE in test_a_part_of_an_argument_is_missing.<locals>.test\
""")


def test_too_many() -> None:
    def test(jobs: JobSession) -> None:
        with jobs.have_enqueued_job(ship).once():
            ship.perform_later(1)
            ship.perform_later(2)

    assert text_of(test) == snapshot("""\
expected exactly 1 ship to be enqueued in the block
but 2 were enqueued:

  ship(1) on queue 'orders', at once
      enqueued at FILE:LINE in test_too_many.<locals>.test
  ship(2) on queue 'orders', at once
      enqueued at FILE:LINE in test_too_many.<locals>.test\
""")


def test_two_where_no_number_was_given() -> None:
    def test(jobs: JobSession) -> None:
        ship.perform_later(1)
        ship.perform_later(1)
        assert jobs.have_enqueued_job(ship)

    assert text_of(test) == snapshot("""\
expected exactly 1 ship to be enqueued
but 2 were enqueued:

  ship(1) on queue 'orders', at once
      enqueued at FILE:LINE in test_two_where_no_number_was_given.<locals>.test
  ship(1) on queue 'orders', at once
      enqueued at FILE:LINE in test_two_where_no_number_was_given.<locals>.test

Say how many are right: .exactly(2), .at_least(1), ... ; to tell them apart: .with_args(...)\
""")


def test_too_few() -> None:
    def test(jobs: JobSession) -> None:
        with jobs.have_enqueued_job(ship).with_args(1).at_least(2):
            ship.perform_later(1)
            ship.perform_later(2)

    assert text_of(test) == snapshot("""\
expected at least 2 ship to be enqueued in the block
    with_args(1)
but only 1 was enqueued:

  ship(1) on queue 'orders', at once

The nearest of the others:

  ship(2) on queue 'orders', at once
      order_id: wanted 1, found 2
      enqueued at FILE:LINE in test_too_few.<locals>.test\
""")


def test_never_and_yet() -> None:
    def test(jobs: JobSession) -> None:
        with jobs.have_enqueued_job(ship).never():
            ship.set(wait=timedelta(days=3)).perform_later(1)

    assert text_of(test) == snapshot("""\
expected no ship to be enqueued in the block
but 1 was enqueued:

  ship(1) on queue 'orders', in 259,200 s (3 days)
      enqueued at FILE:LINE in test_never_and_yet.<locals>.test\
""")


def test_at_another_time() -> None:
    def test(jobs: JobSession) -> None:
        with jobs.have_enqueued_job(ship).at(START + timedelta(hours=2)):
            ship.set(wait=3600).perform_later(1)

    assert text_of(test) == snapshot("""\
expected exactly 1 ship to be enqueued in the block
    at(2026-03-02T14:00:00+00:00)
but none was like that. The nearest:

  ship(1) on queue 'orders', in 3,600 s (60 min)
      due at: wanted 2026-03-02T14:00:00+00:00
              found  2026-03-02T13:00:00+00:00, 3,600 s (60 min) early
      enqueued at FILE:LINE in test_at_another_time.<locals>.test\
""")


def test_a_second_late() -> None:
    def test(jobs: JobSession) -> None:
        with jobs.have_enqueued_job(ship).delayed_by(60, within=0.5):
            ship.set(wait=61).perform_later(1)

    assert text_of(test) == snapshot("""\
expected exactly 1 ship to be enqueued in the block
    delayed_by(60, within=0.5)
but none was like that. The nearest:

  ship(1) on queue 'orders', in 61 s
      delay: wanted 60 s ± 0.5 s, found 61 s
      enqueued at FILE:LINE in test_a_second_late.<locals>.test\
""")


def test_not_at_once() -> None:
    def test(jobs: JobSession) -> None:
        with jobs.have_enqueued_job(ship).immediately():
            ship.set(wait=300).perform_later(1)

    assert text_of(test) == snapshot("""\
expected exactly 1 ship to be enqueued in the block
    immediately()
but none was like that. The nearest:

  ship(1) on queue 'orders', in 300 s (5 min)
      delay: wanted none, found 300 s (5 min), until 2026-03-02T12:05:00+00:00
      enqueued at FILE:LINE in test_not_at_once.<locals>.test\
""")


def test_a_predicate_says_no() -> None:
    def test(jobs: JobSession) -> None:
        def is_large(job: object) -> bool:
            return False

        with jobs.have_enqueued_job(ship).where(is_large):
            ship.perform_later(1)

    assert text_of(test) == snapshot("""\
expected exactly 1 ship to be enqueued in the block
    where(is_large)
but none was like that. The nearest:

  ship(1) on queue 'orders', at once
      where: wanted is_large to be true, found False
      enqueued at FILE:LINE in test_a_predicate_says_no.<locals>.test\
""")
