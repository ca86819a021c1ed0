"""Enqueueing after the commit of a transaction (spec: B.3)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

import jobkit
from jobkit import (
    Engine,
    Job,
    job,
    simulated_transaction,
)

ran: list[Any] = []


@pytest.fixture
def engine() -> Iterator[Engine]:
    ran.clear()
    engine = Engine()
    with engine.active():
        yield engine


@job
def note(what: Any) -> None:
    ran.append(what)


class Later(Job):
    enqueue_after_commit = True

    def perform(self, what: str) -> None:
        ran.append(what)


class TestTransactions:
    def test_without_a_transaction_it_is_enqueued_at_once(self, engine: Engine) -> None:
        assert Later.perform_later("a")
        assert len(engine.enqueued) == 1

    def test_the_enqueue_waits_for_the_commit_callbacks_included(self, engine: Engine) -> None:
        with simulated_transaction():
            job = Later.perform_later("a")
            note.perform_later("at once")
            assert job.successfully_enqueued
            assert len(engine.enqueued) == 1

        assert len(engine.enqueued) == 2

    def test_a_rollback_forgets_the_enqueue_and_the_flag_stays(self, engine: Engine) -> None:
        with suppress(KeyError), simulated_transaction():
            job = Later.perform_later("a")
            raise KeyError

        assert engine.enqueued == ()
        assert job.successfully_enqueued

    def test_perform_all_later_is_split(self, engine: Engine) -> None:
        with simulated_transaction() as transaction:
            jobkit.perform_all_later(Later.build("later"), note.build("now"))
            assert len(engine.enqueued) == 1
            transaction.rollback()

        assert len(engine.enqueued) == 1

    def test_sqlalchemy_s_session_is_such_a_transaction(self, engine: Engine) -> None:
        from sqlalchemy import create_engine, text
        from sqlalchemy.orm import Session

        from jobkit.transactions import SQLAlchemyHook, register_transaction_hook

        with Session(create_engine("sqlite://")) as session:
            forget = register_transaction_hook(SQLAlchemyHook(lambda: session))
            session.execute(text("select 1"))
            Later.perform_later("committed")
            assert not [*engine.enqueued]
            session.commit()
            session.execute(text("select 1"))
            Later.perform_later("rolled back")
            session.rollback()
            forget()

        assert [record.arguments for record in engine.enqueued] == [["committed"]]


def test_django_that_is_imported_but_not_set_up_is_no_transaction() -> None:
    import subprocess
    import sys

    program = (
        "import django.db, django.conf\n"
        "from jobkit import Engine, Job\n"
        "class Later(Job):\n"
        "    enqueue_after_commit = True\n"
        "    def perform(self): pass\n"
        "engine = Engine()\n"
        "with engine.active():\n"
        "    Later.perform_later()\n"
        "assert len(engine.enqueued) == 1\n"
    )

    subprocess.run([sys.executable, "-c", program], check=True)
