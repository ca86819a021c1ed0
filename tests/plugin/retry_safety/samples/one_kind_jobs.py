"""For each kind of fault a job that it breaks, and the repaired twin."""

from __future__ import annotations

import contextlib

from sample_shop import Timeout, shop

from pytest_jobkit.retry_safety import effect


def status_of(order_id):
    return shop.db.execute("select status from orders where id=?", (order_id,)).fetchone()[0]


def set_status(order_id, status):
    shop.db.execute("update orders set status=? where id=?", (status, order_id))
    shop.db.commit()


def charge(order_id):
    shop.gateway.post("/charges", {"order": order_id}, key=f"o{order_id}")


def add_to_the_balance(order_id):
    """noack: nothing tells the second delivery that the first one was through."""
    shop.db.execute("update balance set value = value + 1 where id=1")
    shop.db.commit()


def add_to_the_balance_once(order_id):
    if shop.db.execute("insert or ignore into processed values (?)", (f"counted {order_id}",)).rowcount:
        shop.db.execute("update balance set value = value + 1 where id=1")
    shop.db.commit()


def in_progress(order_id):
    """kill: whatever Python raises gives the order free again; only a process that is gone does not."""
    if status_of(order_id) != "new":
        return
    set_status(order_id, "in progress")
    after = "new"
    try:
        charge(order_id)
        after = "paid"
    finally:
        for _ in range(3):
            with contextlib.suppress(BaseException):
                set_status(order_id, after)
                break


def without_progress(order_id):
    if status_of(order_id) == "new":
        charge(order_id)
        set_status(order_id, "paid")


def gives_up_when_terminated(order_id):
    """term: code for the shutdown of the worker does something that the next delivery takes for the end."""
    if status_of(order_id) in ("paid", "given up"):
        return
    try:
        charge(order_id)
    except Exception:
        raise
    except BaseException:
        set_status(order_id, "given up")
        raise
    set_status(order_id, "paid")


def swallows_an_error(order_id):
    """before: the error of a charge that did not take place never leaves the job."""
    with contextlib.suppress(Timeout):
        charge(order_id)
    set_status(order_id, "paid")


def lets_the_error_out(order_id):
    charge(order_id)
    set_status(order_id, "paid")


def tries_again_with_another_key(order_id):
    """after: the charge whose answer was lost is made again under another key."""
    for attempt in range(3):
        try:
            shop.gateway.post("/charges", {"order": order_id}, key=f"o{order_id}-{attempt}")
            break
        except Timeout:
            continue
    set_status(order_id, "paid")


def tries_again_with_the_same_key(order_id):
    for _attempt in range(3):
        with contextlib.suppress(Timeout):
            charge(order_id)
            break
    else:
        raise Timeout("not charged")
    set_status(order_id, "paid")


def key_of_the_day(order_id):
    """late: the key holds the day, by a clock that nobody sees it look at."""
    shop.gateway.post("/charges", {"order": order_id}, key=f"{order_id} {shop.calendar['day']}")
    set_status(order_id, "paid")


def confirm(order_id):
    """dup: fits the first message, and overwrites what a later one has done when it comes back."""
    set_status(order_id, "confirmed")


def confirm_if_new(order_id):
    shop.db.execute("update orders set status='confirmed' where id=? and status='new'", (order_id,))
    shop.db.commit()


def ship(order_id):
    set_status(order_id, "shipped")


def locked_for_a_minute(order_id):
    """zombie: the lock runs out while the worker that holds it has stalled."""
    if not take_lock():
        raise Timeout("locked")
    if status_of(order_id) != "paid":
        shop.gateway.post("/charges", {"order": order_id})
        set_status(order_id, "paid")
    release_lock()


def locked_and_keyed(order_id):
    if not take_lock():
        raise Timeout("locked")
    if status_of(order_id) != "paid":
        charge(order_id)
        set_status(order_id, "paid")
    release_lock()


def take_lock():
    with effect("cache", "take lock", resource="lock", error=Timeout, ttl=60):
        free = shop.lock["until"] <= shop.clock.time()
        if free:
            shop.lock["until"] = shop.clock.time() + 60
        return free


def release_lock():
    with effect("cache", "release lock", resource="lock", error=Timeout):
        shop.lock["until"] = 0.0


def leaves_it_to_the_other(order_id):
    """interleave: each sees the other one at work and leaves it to it."""
    me = shop.workers.enter()
    try:
        if shop.workers.others(me):
            return
        charge(order_id)
        set_status(order_id, "paid")
    finally:
        shop.workers.leave(me)


def comes_again_if_somebody_is_at_it(order_id):
    me = shop.workers.enter()
    try:
        if shop.workers.others(me):
            raise Timeout("somebody is at it")
        charge(order_id)
        set_status(order_id, "paid")
    finally:
        shop.workers.leave(me)


@effect("bank", "transfer", key=lambda order_id: f"o{order_id}", error=Timeout)
def transfer(order_id):
    return {"status": 201}


def does_not_look_at_the_answer(order_id):
    """wrong: a refusal is an answer like any other."""
    transfer(order_id)
    set_status(order_id, "paid")


def looks_at_the_answer(order_id):
    if transfer(order_id)["status"] != 201:
        raise Timeout("refused")
    set_status(order_id, "paid")
