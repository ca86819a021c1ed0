"""Remove what nobody needs any more."""

from __future__ import annotations

from jobkit import job
from shop import current_shop


@job(queue="low", priority=50)
def cleanup_carts(older_than_days: int = 30) -> int:
    """Delete carts that were not touched for so many days; deleting again finds nothing."""
    with current_shop().db as db:
        return db.execute(
            "delete from carts where updated_at < datetime('now', ?)", (f"-{older_than_days} days",)
        ).rowcount
