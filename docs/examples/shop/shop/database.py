"""The shop's tables, on sqlite."""

from __future__ import annotations

import sqlite3

SCHEMA = """
create table users    (id integer primary key, email text not null, premium integer not null default 0,
                       synced_at text);
create table orders   (id integer primary key, user_id integer not null references users, cents integer not null,
                       status text not null default 'new');
create table payments (id integer primary key, order_id integer not null unique references orders,
                       charge_id text, status text not null default 'pending');
create table products (sku text primary key, name text not null, processed integer not null default 0);
create table imports  (path text primary key, rows integer not null);
create table mailings (id integer primary key, subject text not null, progress integer not null default 0);
create table carts    (id integer primary key, updated_at text not null);
create table reports  (day text primary key, orders integer not null, cents integer not null);
create table sent     (key text primary key);
create table dead_letters (job_id text primary key, job text not null, error text not null);
"""


def connect(path: str = ":memory:") -> sqlite3.Connection:
    """A connection to a database with the shop's tables."""
    db = sqlite3.connect(path)
    db.row_factory = sqlite3.Row
    db.executescript(SCHEMA)
    return db
