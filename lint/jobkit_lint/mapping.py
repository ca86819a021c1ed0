"""The parallel part of a run: from files to summaries. Nothing here knows of any other file.

Summaries travel between processes as MessagePack, which is several times faster than pickle and runs nothing.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import msgspec

from jobkit_lint.diagnostic import Problem
from jobkit_lint.signs import Signs
from jobkit_lint.source import Unreadable, read
from jobkit_lint.summary import FileSummary, summarise

# a pool costs more than it saves below this many files
POOL_FROM = 200
CHUNK = 150


class Mapped(msgspec.Struct):
    """What came of one file: a summary, or a problem, or neither where there is no sign of a job."""

    path: str
    summary: FileSummary | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """Which files to map, as (absolute path, shown path), and how.

    `parse_all`: parse files without a sign too, so that a broken one is heard of. `again`: the files are known to
    have no other signs than those that have been learned since. `processes`: how many may be used.
    """

    files: Sequence[tuple[str, str]]
    signs: Signs
    parse_all: bool = False
    again: bool = False
    processes: int = 1


def map_files(order: Order) -> Iterator[Mapped]:
    """Maps every file, in the order given, in this process or in several: the result is the same."""
    if order.processes < 2 or len(order.files) < POOL_FROM:
        for path, shown in order.files:
            yield map_file(path, shown, order)
        return
    chunks = [order.files[start : start + CHUNK] for start in range(0, len(order.files), CHUNK)]
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    gc.freeze()
    decoder = msgspec.msgpack.Decoder(list[Mapped])
    with ProcessPoolExecutor(order.processes, context, _start, (replace(order, files=()),)) as pool:
        for encoded in pool.map(_map_chunk, chunks):
            yield from decoder.decode(encoded)
    gc.unfreeze()


def available_processes() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_file(path: str, shown: str, order: Order) -> Mapped:
    """One file. Whatever is wrong with it becomes a problem, never an exception."""
    signs = order.signs
    try:
        source = read(path, shown)
        has_sign = (signs.learned if order.again else signs).has_any(source.content)
        if not has_sign and not order.parse_all:
            if not order.again and not source.content.isascii():
                _ = source.text
            return Mapped(path)
        summary = summarise(source, signs)
        return Mapped(path, summary if has_sign else None)
    except Unreadable as error:
        return Mapped(path, None, error.problem)


_inherited: list[Order] = []


def _start(order: Order) -> None:
    gc.disable()
    _inherited[:] = [order]


def _map_chunk(files: Iterable[tuple[str, str]]) -> bytes:
    mapped = [map_file(path, shown, _inherited[0]) for path, shown in files]
    return msgspec.msgpack.encode([one for one in mapped if one.summary or one.problem])
