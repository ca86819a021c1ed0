"""Names the data that keeps a search from closing: what is new after each failed delivery."""

from __future__ import annotations

from collections.abc import Hashable

from pytest_jobkit.retry_safety.exploring.scene import Saved, Scene
from pytest_jobkit.retry_safety.judging.observation import all_tables

_LOOKED_AT = 4  # states at the end of the search


def growing_data(scene: Scene, states: list[Saved]) -> str:
    """What differs between states with ever more faults behind them; empty if nothing stands out."""
    seen = [_fields(scene, saved) for saved in states[-_LOOKED_AT:]]
    if len(seen) < 2:
        return ""
    names = dict.fromkeys(name for fields in seen for name in fields)
    growing = [name for name in names if len({fields.get(name) for fields in seen}) == len(seen)]
    return ", ".join(growing[:3])


def _fields(scene: Scene, saved: Saved) -> dict[str, Hashable]:
    scene.restore(saved)
    fields: dict[str, Hashable] = {}
    for name, table in all_tables(scene).items():
        for place, column in enumerate(table.columns):
            fields[f"{name}.{column}"] = tuple(repr(row[place]) for row in table.rows)
    for entry, count in scene.runtime.ledger.counts.items():
        fields[f"ledger {entry}"] = count
    fields.update(scene.plain_data())
    return fields
