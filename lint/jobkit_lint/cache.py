"""What a run keeps for the next one: of each file its state and its summary, and of a whole run what it found.

A cache file is MessagePack behind a checksum, so reading one runs nothing. It is written beside its name and then
moved there: two runs at the same time each leave a whole file, and the last one wins. One that cannot be read is
as good as none, with a note; one that cannot be written is told too. Neither changes what is found.
"""

from __future__ import annotations

# os.path is several times faster than pathlib, and this runs for each file of a project:
# ruff: noqa: PTH103, PTH105, PTH108, PTH112, PTH116, PTH118, PTH120, PTH123
import functools
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from importlib import metadata
from typing import TypeVar

import msgspec

from jobkit_lint.diagnostic import Finding, Problem
from jobkit_lint.suppressions import Suppression

FOLDER = ".jobkit_cache"
_MAGIC = b"jobkit-lint-1\n"
_CHECK = 16
# tells backup programs that the folder may be left out: bford.info/cachedir
_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n"
# a file changed so shortly ago may change again without a sign in its times
_SETTLED = 2_000_000_000
# older results are removed
_KEPT_RUNS = 8

T = TypeVar("T")


class State(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What tells that a file is as it was. A time of 0 tells nothing: the content decides."""

    size: int
    modified: int
    inode: int


class Taught(msgspec.Struct, array_like=True):
    """What came of a file that has a sign of a job only by names learned from other files."""

    summary: bytes | None
    problem: Problem | None


class Entry(msgspec.Struct, array_like=True):
    """One file: its state, the digest of its content, and what came of it.

    `was_tested`: for signs; `has_sign`: a sign of a job by itself; `was_parsed`: a syntax error would be known.
    `summary` is the summary as MessagePack. `rounds` has a bit for each set of learned names that the file was
    tested for, `taught` what came of those that it has a sign by.
    """

    state: State
    digest: bytes
    was_tested: bool = False
    has_sign: bool = False
    was_parsed: bool = False
    problem: Problem | None = None
    summary: bytes | None = None
    rounds: int = 0
    taught: dict[int, Taught] = {}


class Files(msgspec.Struct):
    """Entries by absolute path; `learned` names the sets of learned names, in the order of the bits of `rounds`."""

    entries: dict[str, Entry] = {}
    learned: list[bytes] = []


class Judged(msgspec.Struct, array_like=True):
    """A finding before any was kept back, with its file and the lines whose comments hold for it."""

    finding: Finding
    path: str
    first: int
    last: int


class SeenModule(msgspec.Struct, array_like=True):
    """A file with a sign of a job (`is_selected`) or a finding: what is asked of it when nothing is judged."""

    path: str
    shown: str
    name: str
    is_selected: bool
    suppressions: list[Suppression]


class Result(msgspec.Struct):
    """What a whole run found. `others` are files that it read without being given, `folders` those it looked into."""

    judged: list[Judged]
    problems: list[Problem]
    rule_problems: list[Problem]
    modules: list[SeenModule]
    jobs: int
    sites: int
    others: dict[str, State]
    folders: dict[str, tuple[int, bytes]]


class Cache:
    """The cache in a folder. `note` is told what is wrong with it, in one sentence."""

    def __init__(self, folder: str, note: Callable[[str], None]) -> None:
        self.folder = folder
        self.note = note

    def files(self, key: str) -> Files:
        """What is known of files under the key; nothing if there is nothing."""
        return self._read(f"files-{key}", Files) or Files()

    def result(self, key: str) -> Result | None:
        """The result of the run with that key."""
        return self._read(f"run-{key}", Result)

    def keep_files(self, key: str, files: Files) -> None:
        """Keeps what is known of files."""
        self._write(f"files-{key}", files)
        self._clear("files-")

    def keep_result(self, key: str, result: Result) -> None:
        """Keeps the result of a run."""
        self._write(f"run-{key}", result)
        self._clear("run-")

    def _read(self, name: str, kind: type[T]) -> T | None:
        path = os.path.join(self.folder, name)
        try:
            with open(path, "rb") as file:
                content = file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            self.note(f"the cache {path} cannot be read ({error.strerror or error}); everything is looked at again")
            return None
        start = len(_MAGIC) + _CHECK
        body = memoryview(content)[start:]
        try:
            if content[:start] != _MAGIC + _checksum(body):
                raise ValueError("its checksum is wrong")
            return msgspec.msgpack.decode(body, type=kind)
        except (ValueError, msgspec.DecodeError) as error:
            self.note(f"the cache {path} is damaged ({error}) and was made anew")
            return None

    def _write(self, name: str, value: object) -> None:
        body = msgspec.msgpack.encode(value)
        try:
            self._prepare()
            handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=f"{name}.")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(_MAGIC + _checksum(body))
                    file.write(body)
                os.replace(temporary, os.path.join(self.folder, name))
            except BaseException:
                os.unlink(temporary)
                raise
        except OSError as error:
            reason = error.strerror or error
            self.note(f"the cache in {self.folder} cannot be written ({reason}); use --no-cache, or --cache-dir DIR")

    def _prepare(self) -> None:
        if not os.path.isdir(self.folder):
            os.makedirs(self.folder, exist_ok=True)
            for name, text in ((".gitignore", "*\n"), ("CACHEDIR.TAG", _TAG)):
                with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
                    file.write(text)

    def _clear(self, prefix: str) -> None:
        """Removes the oldest files of a kind, and what a run that was killed has left."""
        try:
            with os.scandir(self.folder) as entries:
                found = [(entry.stat().st_mtime_ns, entry.path) for entry in entries if entry.name.startswith(prefix)]
            for _, path in sorted(found, reverse=True)[_KEPT_RUNS:]:
                os.unlink(path)
        except OSError:
            # another run was quicker
            return


def state_of(path: str) -> State | None:
    """The state of a file now; None if it is not there."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return State(found.st_size, found.st_mtime_ns, found.st_ino)


def kept_state(path: str) -> State:
    """The state of a file now, as it may be kept."""
    state = state_of(path)
    return settled(state) if state is not None else State(0, 0, 0)


def settled(state: State) -> State:
    """The state as it may be kept: without its time, if the file may change within the same tick of the clock."""
    if time.time_ns() - state.modified > _SETTLED:
        return state
    return State(state.size, 0, state.inode)


def digest(content: bytes) -> bytes:
    """A short name for the content."""
    return hashlib.blake2b(content, digest_size=16).digest()


def names_digest(names: Iterable[str]) -> bytes:
    """A short name for the names in a folder; those of our own cache do not count."""
    return digest("\0".join(sorted(set(names) - {FOLDER})).encode(errors="surrogatepass"))


def key_of(*parts: object) -> str:
    """A name for a cache of this version of the linter, for `parts`."""
    text = "\0".join([_version(), sys.version, *map(repr, parts)])
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=12).hexdigest()


def modules_stamp(names: Iterable[str]) -> tuple[object, ...]:
    """What tells whether the code of these modules (rules from outside) is as it was."""
    files = {getattr(sys.modules.get(name), "__file__", None) for name in names}
    return tuple((path, state_of(path)) for path in sorted(path for path in files if path))


@functools.cache
def _version() -> str:
    """The version, and the state of the linter's own files: in a checkout they change without it."""
    try:
        version = metadata.version("jobkit")
    except metadata.PackageNotFoundError:
        version = "unknown"
    found: list[object] = [version]
    stack = [os.path.dirname(__file__)]
    while stack:
        with os.scandir(stack.pop()) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if entry.name.endswith(".py"):
                    stat = entry.stat()
                    found.append((entry.name, stat.st_size, stat.st_mtime_ns))
                elif entry.is_dir() and entry.name != "__pycache__":
                    stack.append(entry.path)
    return repr(found)


def _checksum(body: bytes | memoryview) -> bytes:
    return hashlib.blake2b(body, digest_size=_CHECK).digest()
