"""A small shop: sqlite, a payment gateway, mail, a queue, a clock. Jobs reach it through `shop`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from jobkit.clock import VirtualClock
from pytest_jobkit.retry_safety import effect, world

SCHEMA = """
create table orders(id integer primary key, amount int, status text);
create table payments(order_id int unique, charge text);
create table processed(id text primary key);
create table locks(name text primary key);
create table outbox(id text primary key, kind text, body text, sent int default 0);
create table balance(id integer primary key, value int);
insert into orders values (1, 500, 'new'), (2, 900, 'new');
insert into balance values (1, 0);
"""


class Timeout(Exception):
    """The network's word for: I do not know."""


class Gateway:
    """Charges cards; knows the idempotency keys that it has seen."""

    def __init__(self) -> None:
        self.keys: dict[str, str] = {}
        self.charges = 0

    def post(self, url: str, body: dict[str, Any], key: str | None = None) -> str:
        with effect("http", f"POST {url}", key=key, body=body, error=Timeout):
            if key in self.keys:
                return self.keys[key]
            self.charges += 1
            answer = f"ch_{self.charges}"
            if key is not None:
                self.keys[key] = answer
            return answer


class Mail:
    """Sends mail; drops a message id that it has sent before."""

    def send(self, to: str, subject: str, message_id: str | None = None) -> None:
        with effect("mail", f"to {to}", key=message_id, body=subject, error=Timeout):
            pass


class Queue:
    """Takes messages."""

    def enqueue(self, name: str, *arguments: Any, key: str | None = None) -> None:
        with effect("queue", f"enqueue {name}", key=key, body=arguments, error=Timeout):
            pass


class Shop:
    """What the jobs work on. `unhooked` is a client that reports nothing."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        self.gateway = Gateway()
        self.mail = Mail()
        self.queue = Queue()
        self.clock = VirtualClock()
        self.unhooked: list[str] = []

    def rows(self) -> dict[str, list[Any]]:
        names = [name for (name,) in self.db.execute("select name from sqlite_master where type = 'table'")]
        return {name: self.db.execute(f"select * from {name} order by 1").fetchall() for name in names}


class Front:
    """Stands in this module for the shop of the present world, as an application object does."""

    present: Shop

    def __getattr__(self, name: str) -> Any:
        return getattr(self.present, name)


shop = Front()


@world
def shop_world() -> Iterator[Shop]:
    db = sqlite3.connect(":memory:")
    db.executescript(SCHEMA)
    Front.present = Shop(db)
    yield Front.present
    db.close()
