"""The database of Procrastinate, in memory; what is deferred is told to the engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Iterator
from datetime import datetime
from typing import Any

from procrastinate.testing import InMemoryConnector

Row = dict[str, Any]


class EngineConnector(InMemoryConnector):
    """Procrastinate's own stand-in for a database, with real JSON, for one connector of the user's.

    Args:
        real: the user's connector.
        ids: where job ids come from; no two connectors of a test give the same one.
        deferred: called with this, the row, its JSON, and whether it is a retry.
    """

    def __init__(self, real: Any, ids: Iterator[int], deferred: Callable[[EngineConnector, Row, str, bool], None]):
        super().__init__()
        self.real = real
        self.job_counter = ids  # type: ignore[assignment]  # any iterator will do
        self._deferred = deferred

    async def defer_jobs_all(self, jobs: list[Any]) -> list[Row]:
        dumps = getattr(self.real, "_json_dumps", None) or json.dumps
        texts = [dumps(job.args) for job in jobs]
        rows: list[Row] = await super().defer_jobs_all(jobs)
        for row, text in zip(rows, texts, strict=True):
            self._deferred(self, row, text, False)
        return rows

    async def retry_job_run(
        self,
        job_id: int,
        retry_at: datetime,
        new_priority: int | None = None,
        new_queue_name: str | None = None,
        new_lock: str | None = None,
    ) -> None:
        await super().retry_job_run(job_id, retry_at, new_priority, new_queue_name, new_lock)
        row = self.jobs[job_id]
        dumps = getattr(self.real, "_json_dumps", None) or json.dumps
        self._deferred(self, row, dumps(row["args"]), True)

    # In production the synchronous forms have a connection of their own, so they work inside an event loop as well.

    def execute_query(self, query: str, **arguments: Any) -> None:
        _finish(self.execute_query_async(query, **arguments))

    def execute_query_one(self, query: str, **arguments: Any) -> Row:
        row: Row = _finish(self.execute_query_one_async(query, **arguments))
        return row

    def execute_query_all(self, query: str, **arguments: Any) -> list[Row]:
        rows: list[Row] = _finish(self.execute_query_all_async(query, **arguments))
        return rows

    def execute_query_one_with_connection(self, connection: Any, query: str, **arguments: Any) -> Row:
        return self.execute_query_one(query, **arguments)

    def execute_query_all_with_connection(self, connection: Any, query: str, **arguments: Any) -> list[Row]:
        return self.execute_query_all(query, **arguments)


def _finish(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that never waits: there is nothing here to wait for."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    coroutine.close()
    raise RuntimeError("a query of the in-memory connector waited for something")
