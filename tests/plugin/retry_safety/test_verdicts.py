"""What a check answers when there is more to say than safe or unsafe."""

from __future__ import annotations

import itertools
import random
import sqlite3
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from jobkit.clock import VirtualClock
from pytest_jobkit.retry_safety import (
    NotRetrySafe,
    RetrySafety,
    Verdict,
    assert_retry_safe,
    at_least_once,
    at_most_once,
    effect,
    ignore,
    world,
)


@dataclass
class Place:
    """A database, a clock, and what a receiver has seen."""

    db: sqlite3.Connection
    clock: VirtualClock = field(default_factory=VirtualClock)
    received: dict[str, int] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)


place: Place
ALREADY_DONE: set[int] = set()
NUMBERS = itertools.count()


@world
def town() -> Iterator[Place]:
    global place
    db = sqlite3.connect(":memory:")
    db.executescript(
        """
        create table orders(id integer primary key, status text, reference text, seen_at text, tries int default 0);
        insert into orders(id, status) values (1, 'new'), (2, 'new');
        """
    )
    place = Place(db)
    yield place
    db.close()


def charge(order_id: int, key: str | None = None) -> None:
    with effect("http", "POST /charges", body={"order": order_id}, key=key):
        place.received[f"charge {order_id}"] = 1


def pay(order_id: int) -> None:
    place.db.execute("update orders set status = 'paid' where id = ?", (order_id,))
    place.db.commit()


def test_a_job_that_remembers_in_its_module_is_reported_and_not_passed(retry_safety: RetrySafety):
    def job(order_id):
        if order_id in ALREADY_DONE:
            return
        ALREADY_DONE.add(order_id)
        charge(order_id)
        pay(order_id)

    ALREADY_DONE.clear()
    report = retry_safety(job, 1, world=town)

    assert report.verdict is Verdict.NOT_DETERMINISTIC
    assert not report.safe
    assert "memory of the process" in str(report)
    assert "orders[id=1].status: 'paid' -> 'new'" in str(report)


def test_memory_that_the_test_names_is_forgotten_with_the_process(retry_safety: RetrySafety):
    def job(order_id):
        if order_id in ALREADY_DONE:
            return
        ALREADY_DONE.add(order_id)
        charge(order_id)
        pay(order_id)

    ALREADY_DONE.clear()
    report = retry_safety(job, 1, world=town, forget=f"{__name__}.ALREADY_DONE")

    assert report.verdict is Verdict.UNSAFE
    assert report.schedule == "rs1:1.noack3"


def test_a_variable_that_does_not_exist_cannot_be_forgotten(retry_safety: RetrySafety):
    with pytest.raises(ValueError, match=r"forget='shop\.jobs\.CACHE': wanted a variable of an imported module"):
        retry_safety(pay, 1, world=town, forget=["shop.jobs.CACHE"])


def test_a_job_that_fails_without_any_fault_is_not_searched(retry_safety: RetrySafety):
    def job():
        raise LookupError("no such order")

    report = retry_safety(job, world=town)

    assert report.verdict is Verdict.BROKEN
    assert "5 deliveries, the last one: failed LookupError('no such order')" in str(report)


def test_a_job_whose_own_memory_counts_up_is_not_deterministic(retry_safety: RetrySafety):
    def job():
        place.db.execute("update orders set reference = ?", (next(NUMBERS),))
        place.db.commit()

    assert retry_safety(job, world=town).verdict is Verdict.NOT_DETERMINISTIC


def test_nothing_to_compare_is_not_safe(retry_safety: RetrySafety):
    @world
    def empty():
        yield None

    report = retry_safety(lambda: None, world=empty)

    assert report.verdict is Verdict.VACUOUS
    assert not report.safe


def test_a_budget_that_ends_first_says_incomplete_and_never_safe(retry_safety: RetrySafety):
    def job():
        for number in range(30):
            charge(number, key=str(number))

    report = retry_safety(job, world=town, budget=50)

    assert report.verdict is Verdict.INCOMPLETE
    assert not report.safe
    assert not report.closed
    assert "INCOMPLETE" in str(report)
    assert "safe" not in str(report)
    with pytest.raises(NotRetrySafe, match="INCOMPLETE"):
        assert_retry_safe(job, world=town, budget=50)
    assert assert_retry_safe(job, world=town, budget=50, incomplete="allow").verdict is Verdict.INCOMPLETE


def test_a_state_that_grows_with_every_delivery_is_named(retry_safety: RetrySafety):
    def job():
        place.db.execute("update orders set tries = tries + 1 where id = 1")
        place.db.commit()
        charge(1, key="1")
        place.db.execute("update orders set tries = 0 where id = 1")
        place.db.commit()

    report = retry_safety(job, world=town, budget=400)

    assert report.verdict is Verdict.INCOMPLETE
    assert report.search.growing == "orders.tries"
    assert report.complete >= 10  # every sequence of so many faults is covered all the same
    assert "this is new after each failed delivery: orders.tries" in str(report)
    assert retry_safety(job, world=town, faults=2).safe


def test_data_that_makes_no_difference_can_be_named(retry_safety: RetrySafety):
    def job():
        place.log.append("started")
        charge(1, key="1")
        pay(1)

    assert retry_safety(job, world=town, budget=300).search.growing == "town.log"
    assert retry_safety(job, world=town, volatile="log").closed


def test_columns_from_chance_and_from_the_clock_are_left_out_of_the_comparison(retry_safety: RetrySafety):
    def job(order_id):
        values = (str(uuid.uuid4()), f"{place.clock.now()} {random.random()}", order_id)
        place.db.execute("update orders set reference = ?, seen_at = ? where id = ? and reference is null", values)
        place.db.commit()

    report = retry_safety(job, 1, world=town)

    assert report.safe, str(report)
    assert "orders.reference, orders.seen_at" in str(report)


def test_a_mail_sent_twice_is_a_failure_until_the_test_allows_it(retry_safety: RetrySafety):
    def job():
        with effect("mail", "to buyer", body="receipt"):
            pass

    strict = retry_safety(job, world=town)
    relaxed = retry_safety(job, world=town, channels={"mail": at_least_once})

    assert strict.schedule == "rs1:1.noack1"
    assert relaxed.safe
    assert relaxed.closed
    assert relaxed.channel("mail").effects == 1
    assert relaxed.channel("mail").duplicates >= 1
    assert retry_safety(job, world=town, channels={"mail": ignore}).closed


def test_at_most_once_allows_a_loss_but_no_repetition(retry_safety: RetrySafety):
    def job():
        if place.db.execute("select status from orders where id = 1").fetchone() == ("paid",):
            return
        pay(1)
        with effect("sms", "send", body="paid"):
            pass

    report = retry_safety(job, world=town, channels={"sms": at_most_once})

    assert report.safe
    assert report.channel("sms").missing == 1
    assert retry_safety(job, world=town).schedule == "rs1:1.kill3"


def test_an_unknown_policy_names_the_known_ones(retry_safety: RetrySafety):
    with pytest.raises(
        ValueError, match=r"names no policy; there are: exactly_once, at_least_once, at_most_once, ignore"
    ):
        retry_safety(pay, 1, world=town, channels={"mail": "twice"})


def test_one_key_for_two_requests_is_found_even_if_the_receiver_hides_it(retry_safety: RetrySafety):
    def job():
        (tries,) = place.db.execute("select tries from orders where id = 1").fetchone()
        place.db.execute("update orders set tries = 1 where id = 1")
        place.db.commit()
        with effect("http", "POST /notes", key="note-1", body={"first": tries == 0}):
            pass

    report = retry_safety(job, world=town)

    (finding,) = report.findings
    assert finding.kind == "same key, different body"
    assert (finding.wanted, finding.found) == ("{'first': True}", "{'first': False}")
    assert "one key for two requests: http POST /notes" in str(report)


def test_an_assertion_of_the_observer_must_hold_in_every_final_state(retry_safety: RetrySafety):
    def job():
        place.db.execute("update orders set tries = tries + 1 where id = 1")
        place.db.commit()

    def at_most_one_try(town):
        (tries,) = town.db.execute("select tries from orders where id = 1").fetchone()
        assert tries <= 1, f"{tries} tries"

    report = retry_safety(job, world=town, observe=at_most_one_try)

    state, assertion = map(str, report.findings)
    assert state == "state orders[id=1].tries: 1 -> 2"
    assert assertion.startswith("assertion: 2 tries")


def test_an_assertion_can_be_asked_to_hold_after_every_failed_delivery(retry_safety: RetrySafety):
    def job():
        place.db.execute("update orders set status = 'half' where id = 1")
        place.db.commit()
        pay(1)

    def never_half(town):
        assert town.db.execute("select count(*) from orders where status = 'half'").fetchone() == (0,)

    assert retry_safety(job, world=town, observe=never_half).safe
    for faults in (None, 1):
        report = retry_safety(job, world=town, observe=never_half, always=True, faults=faults)
        assert report.schedule == "rs1:1.kill2"
        assert report.findings[0].kind == "assertion"


def test_an_error_that_the_job_turns_into_giving_up_is_found(retry_safety: RetrySafety):
    def job(order_id):
        (status,) = place.db.execute("select status from orders where id = ?", (order_id,)).fetchone()
        if status == "failed":
            return
        try:
            charge(order_id, key=str(order_id))
        except TimeoutError:
            place.db.execute("update orders set status = 'failed' where id = ?", (order_id,))
            place.db.commit()
            return
        pay(order_id)

    report = retry_safety(job, 1, world=town)

    assert report.schedule == "rs1:1.before1"
    assert [finding.kind for finding in report.findings] == ["state", "missing"]


def test_wrong_answers_are_tried_on_request(retry_safety: RetrySafety):
    class Conflict(Exception):
        pass

    def job(order_id):
        try:
            charge(order_id, key=str(order_id))
        except Conflict:
            return
        pay(order_id)

    assert retry_safety(job, 1, world=town).safe
    report = retry_safety(job, 1, world=town, kinds="wrong", wrong={"http": [TimeoutError("503"), Conflict("409")]})

    assert report.schedule == "rs1:1.wrong0~1"


def test_of_a_long_loop_the_first_the_second_and_the_last_round_are_broken_on_request(retry_safety: RetrySafety):
    def job():
        for number in range(20):
            charge(number, key=str(number))

    report = retry_safety(job, world=town, collapse=3)

    assert report.safe
    assert "sampled: 3 visits of each repeated effect" in str(report)
    assert report.search.deliveries < 200


def test_a_world_that_cannot_be_put_back_is_made_anew_for_each_schedule(retry_safety: RetrySafety):
    @world
    def with_a_generator():
        yield {"numbers": (number for number in range(3)), "received": []}

    report = retry_safety(lambda: None, world=with_a_generator, observe=lambda w: len(w["received"]))

    assert report.how == "bounded"
    assert report.safe
    assert not report.closed
    assert "cannot be put back; offer snapshot() and restore(saved) on it" in str(report)
