"""Twin of jobs/maintenance/import_data.py: the whole file travels through the queue, and the file handle with it."""

from __future__ import annotations

from pathlib import Path

from jobkit import job
from shop import current_shop


@job(queue="low")
def import_rows(text: str) -> None:
    """Two workers with the same file insert its rows twice."""
    with current_shop().db as db:
        for line in text.splitlines():
            db.execute("insert into imports (path, rows) values (?, 1)", (line,))


def start_import(path: str) -> None:
    """Megabytes in the broker, for each retry anew."""
    import_rows.perform_later(Path(path).read_text())


def start_import_of_handle(path: str) -> None:
    """A file handle cannot travel at all."""
    file = open(path)
    import_rows.perform_later(file)
