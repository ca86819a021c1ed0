"""The files of a run: which have a sign of a job, and their summaries, from the cache where they are as they were."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from jobkit_lint import cache as kept
from jobkit_lint.diagnostic import Problem
from jobkit_lint.mapping import Mapped, Order, map_file, map_files
from jobkit_lint.signs import Learned, Signs
from jobkit_lint.source import Source, Unreadable, read
from jobkit_lint.summary import FileSummary, decode, encode, summarise

# sets of learned names that are remembered before they are all forgotten
_MAX_SETS = 8


@dataclass
class ProjectFiles:
    """Maps files and remembers what came of them.

    `known` is what earlier runs found out, and in the end this one too. `contents` are files that are not on the
    disk, `shown` names the given ones for the user. `fresh` counts what could not be answered from `known`.
    """

    signs: Signs
    contents: dict[str, bytes]
    known: kept.Files
    shown: dict[str, str] = field(default_factory=dict)
    processes: int = 1
    fresh: int = 0
    _checked: set[str] = field(default_factory=set)
    _round_of: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.known.learned) >= _MAX_SETS:
            self.known.learned.clear()
            for entry in self.known.entries.values():
                entry.rounds, entry.taught = 0, {}

    def check(self, paths: Iterable[str], parse_all: bool) -> list[str]:
        """Forgets what is known of files that are not as they were; gives those that must be mapped."""
        changed = []
        for path in paths:
            entry = self._current(path)
            if entry is None or not entry.was_tested or (parse_all and not (entry.was_parsed or entry.problem)):
                self.known.entries.pop(path, None)
                changed.append(path)
        return changed

    def _current(self, path: str) -> kept.Entry | None:
        """What is known of the file as it is now."""
        entry = self.known.entries.get(path)
        if entry is not None and path not in self._checked:
            could_be_read = entry.digest != b""
            if path in self.contents or not (could_be_read and self._is_same(path, entry)):
                del self.known.entries[path]
                entry = None
            self._checked.add(path)
        return entry

    def _is_same(self, path: str, entry: kept.Entry) -> bool:
        state = kept.state_of(path)
        if state is None or state == entry.state:
            return state is not None
        if state.size != entry.state.size:
            return False
        try:
            content = read(path, path).content
        except Unreadable:
            return False
        if kept.digest(content) != entry.digest:
            return False
        entry.state = kept.settled(state)
        self.fresh += 1
        return True

    # -- mapping -----------------------------------------------------------------------------------------

    def map(self, paths: Sequence[str], parse_all: bool) -> None:
        """Maps files that nothing is known of."""
        for mapped in self._mapped(Order([], self.signs, parse_all, False, self.processes), paths):
            self.known.entries[mapped.path] = kept.Entry(
                mapped.state,
                mapped.digest,
                was_tested=True,
                has_sign=mapped.has_sign,
                was_parsed=parse_all or mapped.has_sign,
                problem=mapped.problem,
                summary=mapped.summary,
            )
            self._checked.add(mapped.path)

    def map_again(self, paths: Iterable[str], learned: Learned) -> list[str]:
        """Which of the files, that have no sign of their own, have one by the names that have been learned."""
        bit = self._bit(learned.digest)
        self.signs = self.signs.taught(learned)
        entries = self.known.entries
        rest = [path for path in paths if not entries[path].has_sign and entries[path].problem is None]
        untested = [path for path in rest if not entries[path].rounds >> bit & 1]
        for mapped in self._mapped(Order([], self.signs, False, True, self.processes), untested):
            if mapped.has_sign:
                taught = kept.Taught(mapped.summary, mapped.problem)
                entries[mapped.path].taught = {**entries[mapped.path].taught, bit: taught}
        for path in untested:
            entries[path].rounds |= 1 << bit
        found = [path for path in rest if bit in entries[path].taught and path not in self._round_of]
        self._round_of |= dict.fromkeys(found, bit)
        return found

    def _bit(self, digest: bytes) -> int:
        if digest not in self.known.learned:
            self.known.learned.append(digest)
        return self.known.learned.index(digest)

    def _mapped(self, order: Order, paths: Sequence[str]) -> list[Mapped]:
        self.fresh += len(paths)
        on_disk = [(path, self.shown[path]) for path in paths if path not in self.contents]
        in_memory = [path for path in paths if path in self.contents]
        found = list(map_files(replace(order, files=on_disk)))
        return found + [map_file(path, Source(self.shown[path], self.contents[path]), order) for path in in_memory]

    # -- what is asked -----------------------------------------------------------------------------------

    def with_sign(self, paths: Iterable[str]) -> list[str]:
        """The files with a sign of their own that could be parsed."""
        found = ((path, self.known.entries[path]) for path in paths)
        return [path for path, entry in found if entry.has_sign and entry.problem is None]

    def digest(self, paths: Iterable[str]) -> bytes:
        """A short name for these files with their contents."""
        entries = self.known.entries
        return kept.digest(b"".join(path.encode(errors="surrogatepass") + entries[path].digest for path in paths))

    def problems(self, paths: Iterable[str]) -> list[Problem]:
        """What is wrong with these files."""
        found = []
        for path in paths:
            entry = self.known.entries[path]
            taught = entry.taught.get(self._round_of.get(path, -1))
            problem = entry.problem or (taught.problem if taught is not None else None)
            if problem is not None:
                found.append(problem)
        return found

    def summary(self, path: str, shown: str) -> FileSummary:
        """The summary of a file, made now if it is not known. Raises `Unreadable`."""
        entry = self._current(path)
        taught = entry.taught.get(self._round_of.get(path, -1)) if entry is not None else None
        encoded = taught.summary if taught is not None else entry.summary if entry is not None else None
        if encoded is not None:
            return decode(encoded)
        state = kept.kept_state(path)
        content = self.contents.get(path)
        source = Source(shown, content) if content is not None else read(path, shown)
        # what is loaded because a name led to it must not depend on when that was
        summary = summarise(source, self.signs.taught(Learned()))
        if entry is None:
            entry = self.known.entries[path] = kept.Entry(state, kept.digest(source.content))
            self._checked.add(path)
        entry.summary = encode(summary)
        self.fresh += 1
        return summary
