"""Where the time of a run goes, phase by phase and rule by rule."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_WORTH_TELLING = 0.001


@dataclass
class Timings:
    """Seconds by phase (in the order in which phases began) and by rule code."""

    phases: dict[str, float] = field(default_factory=dict)
    rules: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Adds the time of the block to a phase."""
        self.phases.setdefault(name, 0.0)
        with _added(self.phases, name):
            yield

    @contextmanager
    def rule(self, code: str) -> Iterator[None]:
        """Adds the time of the block to a rule."""
        self.rules.setdefault(code, 0.0)
        with _added(self.rules, code):
            yield

    def table(self) -> str:
        """For people: phases, then rules, the slowest first."""
        whole = sum(self.phases.values())
        lines = ["Where the time went:"]
        lines += [f"  {seconds:8.3f} s  {_share(seconds, whole)}  {name}" for name, seconds in self.phases.items()]
        lines.append(f"  {whole:8.3f} s        all of it")
        slowest = sorted(self.rules.items(), key=lambda pair: -pair[1])
        told = [(code, seconds) for code, seconds in slowest if seconds >= _WORTH_TELLING]
        if slowest:
            lines.append("Rules, the slowest first (a question that several ask is paid for by the first):")
            lines += [f"  {seconds:8.3f} s  {_share(seconds, whole)}  {code}" for code, seconds in told]
            rest = sum(seconds for _, seconds in slowest[len(told) :])
            lines.append(f"  {rest:8.3f} s  {_share(rest, whole)}  {len(slowest) - len(told)} more")
        return "\n".join(lines) + "\n"


@contextmanager
def _added(table: dict[str, float], name: str) -> Iterator[None]:
    started = time.perf_counter()
    try:
        yield
    finally:
        table[name] += time.perf_counter() - started


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole if whole else 0:3.0f} %"
