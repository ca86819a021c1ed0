"""A fresh shop for each test: two users, one order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shop import Shop, open_shop


@pytest.fixture(autouse=True)
def shop() -> Iterator[Shop]:
    opened = open_shop()
    with opened.db as db:
        db.execute("insert into users (id, email, premium) values (1, 'ann@example.org', 1), (2, 'bob@example.org', 0)")
        db.execute("insert into orders (id, user_id, cents) values (42, 1, 500)")
    yield opened
    opened.db.close()
