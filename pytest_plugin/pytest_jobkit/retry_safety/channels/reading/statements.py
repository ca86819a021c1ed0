"""What the channels of databases have in common: statements and commits reported around a driver's calls."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from pytest_jobkit.retry_safety.effects.record import ErrorMaker, Operation, State
from pytest_jobkit.retry_safety.effects.runtime import Runtime, inside_effect
from pytest_jobkit.retry_safety.effects.sql_text import Statement, read_statement

Answer = TypeVar("Answer")


@lru_cache(maxsize=4096)
def statement_operation(sql: str, error: ErrorMaker) -> tuple[Statement, Operation]:
    """A statement with its operation."""
    statement = read_statement(sql)
    if statement.commits:
        return statement, commit_operation(error)
    return statement, Operation(
        "db", statement.name, statement.mode, external=False, resource=statement.table, refuse=error
    )


@lru_cache(maxsize=100)
def commit_operation(error: ErrorMaker) -> Operation:
    """The operation of every commit."""
    return Operation("db", "commit", external=False, resource="commit", refuse=error)


def perform_statement(
    runtime: Runtime,
    sql: str,
    parameters: object,
    error: ErrorMaker,
    in_transaction: Callable[[], bool],
    act: Callable[[], Answer],
) -> Answer:
    """Report a statement around the driver's call.

    Args:
        runtime: what to report to.
        sql: the statement's text; one that only opens or nests a transaction, or takes it back, is no effect.
        parameters: its data.
        error: makes the error that the library raises for a statement or a commit that failed.
        in_transaction: asked afterwards, whether the statement is part of an open transaction.
        act: the driver's call.
    """
    statement, operation = statement_operation(sql, error)
    if statement.is_control and not runtime.dead:
        return _part_of_an_effect(act)
    effect = runtime.announce(operation, "" if parameters is None else parameters, depth=3)
    if effect.state is State.WRONG:
        return runtime.wrong(effect)  # type: ignore[no-any-return]  # the test's own answer, of whatever type
    try:
        answer = _part_of_an_effect(act)
    except BaseException:
        effect.state = State.FAILED
        raise
    if not operation.reads:
        effect.durable = not in_transaction()
        if effect.durable:
            runtime.committed()
    runtime.done(effect)
    return answer


def perform_commit(runtime: Runtime, error: ErrorMaker, act: Callable[[], Any]) -> None:
    """Report a commit around the driver's call."""
    effect = runtime.announce(commit_operation(error), depth=3)
    if effect.state is State.WRONG:
        runtime.wrong(effect)
        return
    try:
        _part_of_an_effect(act)
    except BaseException:
        effect.state = State.FAILED
        raise
    runtime.committed()
    runtime.done(effect)


def _part_of_an_effect(act: Callable[[], Answer]) -> Answer:
    """What the drivers below do is not reported a second time."""
    token = inside_effect.set(True)
    try:
        return act()
    finally:
        inside_effect.reset(token)
