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

from jobkit_lint.cache import State, digest, kept_state
from jobkit_lint.diagnostic import Problem
from jobkit_lint.signs import Signs
from jobkit_lint.source import Source, Unreadable, read
from jobkit_lint.summary import encode, summarise

# a pool costs more than it saves below this many files
POOL_FROM = 200
CHUNK = 150


class Mapped(msgspec.Struct, array_like=True):
    """What came of one file. `summary` is its summary as MessagePack, made where there is a sign of a job."""

    path: str
    has_sign: bool = False
    summary: bytes | None = None
    problem: Problem | None = None
    state: State = State(0, 0, 0)
    digest: bytes = b""


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
            yield map_path(path, shown, order)
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


def map_path(path: str, shown: str, order: Order) -> Mapped:
    """One file of the disk. Whatever is wrong with it becomes a problem, never an exception."""
    state = kept_state(path)
    try:
        source = read(path, shown)
    except Unreadable as error:
        return Mapped(path, problem=error.problem, state=state)
    mapped = map_file(path, source, order)
    mapped.state = state
    return mapped


def map_file(path: str, source: Source, order: Order) -> Mapped:
    """One file."""
    signs = order.signs
    has_sign = (signs.learned if order.again else signs).has_any(source.content)
    mapped = Mapped(path, has_sign)
    if not order.again:
        mapped.digest = digest(source.content)
    try:
        if has_sign or order.parse_all:
            summary = summarise(source, signs)
            if has_sign:
                mapped.summary = encode(summary)
        elif not order.again and not source.content.isascii():
            _ = source.text
    except Unreadable as error:
        mapped.problem = error.problem
    except RecursionError:
        message = "cannot be judged: an expression is nested too deeply"
        mapped.problem = Problem("syntax", source.path, message, 1)
    return mapped


_inherited: list[Order] = []


def _start(order: Order) -> None:
    gc.disable()
    _inherited[:] = [order]


def _map_chunk(files: Iterable[tuple[str, str]]) -> bytes:
    order = _inherited[0]
    mapped = [map_path(path, shown, order) for path, shown in files]
    return msgspec.msgpack.encode([one for one in mapped if one.has_sign or one.problem or not order.again])
