"""Names the data that keeps a search from closing: what is new after each failed delivery."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

from pytest_jobkit.retry_safety.exploring.scene import Saved, Scene
from pytest_jobkit.retry_safety.worlds.tables import Table
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
    fields.update(_leaves(scene.world_key(), scene.world.name))
    return fields


def _leaves(key: Any, path: str) -> Iterator[tuple[str, Hashable]]:
    """The named parts of a world's identity that have no named parts themselves."""
    named = False
    if isinstance(key, tuple):
        if any(isinstance(part, tuple) and part and isinstance(part[-1], Table) for part in key):
            return  # a database, whose rows are listed by table
        for part in key:
            if isinstance(part, tuple) and len(part) == 2 and isinstance(part[0], str) and part[0].isidentifier():
                named = True
                yield from _leaves(part[1], f"{path}.{part[0]}")
    if not named:
        yield path, key
