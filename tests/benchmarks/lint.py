"""How fast the linter is, next to ruff, flake8, fixit and ast-grep, on a tree of 10,000 files and 2 million lines.

Run it with ``python tests/benchmarks/lint.py [--files N] [--rounds N] [--tree FOLDER]``. The tree is made of copies
of the standard library and of the installed packages (files of up to 1,000 lines; not the job frameworks
themselves), with the jobs of the example shop and of the rules' examples in between, so that about one file in twenty
has to do with jobs. Everything is measured in one run, in turns, and the median is shown; a tool that is not installed
is left out, by name. flake8 and fixit get every thirtieth file only, and the same files are given to ruff, for their
ratio. Seconds depend on the machine: what counts is the last column, against ruff in the same run.
"""

from __future__ import annotations

import argparse
import os
import shutil
import site
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jobkit_lint.frameworks import known_frameworks
from jobkit_lint.rules.registry import all_rules

SHOP = Path(__file__).parents[2] / "docs" / "examples" / "shop"
LONGEST = 1000
JOB_FILES = 0.05
SAMPLE_STEP = 30
FRAMEWORKS = {package.partition(".")[0] for framework in known_frameworks() for package in framework.packages}
LEFT_OUT = FRAMEWORKS - {"django"} | {
    "__pycache__",
    "site-packages",
    "test",
    "tests",
    "idlelib",
    "lib2to3",
    "build",
    "dist",
    "venv",
}
# an installed package has its bytecode, whatever this environment says about writing any
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
AST_GREP = """\
id: enqueue-inside-atomic
language: python
rule:
  pattern: $JOB.delay($$$)
  inside: {stopBy: end, pattern: "with transaction.atomic(): $$$"}
"""


# -- the tree ------------------------------------------------------------------------------------------------------


def library_files() -> list[tuple[Path, Path]]:
    """The files to copy, each with its path below the folder that it was found in."""
    found = []
    for root in (Path(sysconfig.get_path("stdlib")), *map(Path, site.getsitepackages())):
        for path in sorted(root.rglob("*.py")):
            relative = path.relative_to(root)
            if not LEFT_OUT & set(relative.parts) and path.read_bytes().count(b"\n") <= LONGEST:
                found.append((path, relative))
    return found


def job_files() -> list[tuple[str, str]]:
    """Path and text of each file with jobs: those of the shop, and one for each example of a rule."""
    found = [(f"shop/{path.relative_to(SHOP)}", path.read_text()) for path in sorted(SHOP.rglob("*.py"))]
    for rule in all_rules():
        for number, example in enumerate(rule.examples):
            folder = f"examples/{rule.name.replace('-', '_')}_{number}"
            found += [(f"{folder}/{path}", text) for path, text in example.files.items()]
    return found


def build_tree(folder: Path, count: int) -> tuple[list[Path], int]:
    """Fills `folder` with about `count` files. Gives the files with jobs, and the number of lines of all."""
    libraries, jobs = library_files(), job_files()
    made: list[Path] = []
    lines = 0

    def write(relative: Path, content: bytes) -> None:
        nonlocal lines
        target = folder / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        lines += content.count(b"\n")

    for number in range(round(count * JOB_FILES)):
        copy, index = divmod(number, len(jobs))
        made.append(folder / f"project_{copy}" / jobs[index][0])
        write(made[-1].relative_to(folder), jobs[index][1].encode())
    for number in range(count - len(made)):
        copy, index = divmod(number, len(libraries))
        path, relative = libraries[index]
        write(Path(f"libraries_{copy}") / relative, path.read_bytes())
    (folder / "pyproject.toml").write_text("[tool.jobkit.lint]\n")
    return made, lines


# -- measuring -----------------------------------------------------------------------------------------------------


@dataclass
class Measured:
    """Seconds of each run, and what the last one printed."""

    seconds: list[float]
    output: bytes = b""

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


class Bench:
    """Runs commands in the tree; `tools` are the folders to look for them in."""

    def __init__(self, tree: Path, rounds: int) -> None:
        self.tree = tree
        self.rounds = rounds
        self.results: dict[str, Measured] = {}

    def run(self, name: str, command: Sequence[str]) -> None:
        """Times one run of the command and adds it to what is known under `name`."""
        started = time.perf_counter()
        done = subprocess.run(command, cwd=self.tree, capture_output=True, check=False, env=ENVIRONMENT)
        seconds = time.perf_counter() - started
        if done.returncode not in (0, 1) and not (done.returncode == 2 and command[0] == sys.executable):
            raise SystemExit(f"{name}: exit status {done.returncode}: {done.stderr.decode()[-2000:]}")
        result = self.results.setdefault(name, Measured([]))
        result.seconds.append(seconds)
        result.output = done.stdout

    def in_turns(self, cases: dict[str, Callable[[], Sequence[str]]]) -> None:
        """Runs the cases one after another, `rounds` times; a case prepares its run and gives the command."""
        for _ in range(self.rounds):
            for name, prepare in cases.items():
                self.run(name, prepare())


def tool(name: str) -> str | None:
    """The command of that name beside this interpreter, or on the path."""
    beside = Path(sys.executable).parent / name
    return str(beside) if beside.exists() else shutil.which(name)


def most_memory(command: Sequence[str], folder: Path) -> float | None:
    """The most megabytes that the command and its children held at a time; pages they share count once in each."""
    if not Path("/proc/self/task").exists():
        return None
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    most = 0.0
    stop = threading.Event()

    def watch() -> None:
        nonlocal most
        while not stop.wait(0.01):
            most = max(most, sum(map(resident, family(process.pid))))

    watcher = threading.Thread(target=watch)
    watcher.start()
    process.wait()
    stop.set()
    watcher.join()
    return most


def family(pid: int) -> Iterator[int]:
    """The process and all that it started."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            for child in children.read_text().split():
                yield from family(int(child))
        except OSError:
            continue


def resident(pid: int) -> float:
    """Megabytes of memory of a process; 0 when it has gone."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


# -- what is measured ----------------------------------------------------------------------------------------------


def jobkit(*arguments: str) -> list[str]:
    """The command ``jobkit lint`` as its entry point starts it."""
    start = "import sys; from jobkit.__main__ import main; sys.exit(main())"
    return [sys.executable, "-c", start, "lint", "--format", "concise", *arguments]


def touched(path: Path) -> None:
    """Changes a file as an editor would: a comment more at its end."""
    path.write_text(path.read_text() + f"# changed at {time.time_ns()}\n")


def measure_whole_tree(bench: Bench, jobs: list[Path], ruff: str | None) -> None:
    cache = bench.tree / ".jobkit_cache"

    def changed() -> Sequence[str]:
        touched(jobs[len(jobs) // 2])
        return jobkit(".")

    def ten() -> Sequence[str]:
        return jobkit(*(str(path.relative_to(bench.tree)) for path in jobs[:10]))

    def cold() -> Sequence[str]:
        shutil.rmtree(cache, ignore_errors=True)
        return jobkit(".")

    cases: dict[str, Callable[[], Sequence[str]]] = {
        "jobkit lint --no-cache": lambda: jobkit("--no-cache", "."),
        "jobkit lint, empty cache": cold,
        "jobkit lint, nothing changed": lambda: jobkit("."),
        "jobkit lint, one job file changed": changed,
        "jobkit lint of ten files, with a cache": ten,
        "jobkit lint --no-cache of ten files": lambda: [*ten(), "--no-cache"],
    }
    if ruff is not None:
        selected = [ruff, "check", "--isolated", "--select", "E,F,B", "--output-format", "concise"]
        cases["ruff --no-cache"] = lambda: [*selected, "--no-cache", "."]
        cases["ruff, nothing changed"] = lambda: [*selected, "."]
        bench.run("ruff (fills its cache)", [*selected, "."])
    bench.in_turns(cases)


def measure_others(bench: Bench, ruff: str | None) -> list[str]:
    """flake8, fixit and ast-grep. Gives the names of those that are missing."""
    missing = [name for name in ("flake8", "fixit", "ast-grep") if tool(name) is None]
    sample = [str(path.relative_to(bench.tree)) for path in sorted(bench.tree.rglob("*.py"))[::SAMPLE_STEP]]
    if (ast_grep := tool("ast-grep")) is not None:
        rule = bench.tree / "rule.yml"
        rule.write_text(AST_GREP)
        bench.run("ast-grep, one rule", [ast_grep, "scan", "--rule", str(rule), "."])
    if (flake8 := tool("flake8")) is not None:
        bench.run("flake8 (sample)", [flake8, "--isolated", *sample])
    if (fixit := tool("fixit")) is not None:
        configuration = bench.tree / "fixit.toml"
        configuration.write_text(
            '[tool.fixit]\nroot = true\ndisable = ["fixit.rules"]\n'
            'enable = ["fixit.rules.compare_singleton_primitives_by_is"]\n'
        )
        bench.run("fixit, one rule (sample)", [fixit, "--config-file", str(configuration), "lint", *sample])
    if ruff is not None:
        arguments = ["check", "--isolated", "--no-cache", "--select", "E,F,B", "--output-format", "concise"]
        bench.run("ruff --no-cache (sample)", [ruff, *arguments, *sample])
    return missing


# -- the table -----------------------------------------------------------------------------------------------------


def print_table(bench: Bench, missing: Sequence[str]) -> None:
    against = {
        "jobkit lint --no-cache": ("ruff --no-cache", 2.0),
        "jobkit lint, empty cache": ("ruff --no-cache", 2.0),
        "jobkit lint, nothing changed": ("ruff, nothing changed", 1.0),
        "ast-grep, one rule": ("ruff --no-cache", None),
        "flake8 (sample)": ("ruff --no-cache (sample)", None),
        "fixit, one rule (sample)": ("ruff --no-cache (sample)", None),
    }
    limits = {
        "jobkit lint, one job file changed": 0.4,
        "jobkit lint of ten files, with a cache": 0.5,
        "jobkit lint --no-cache of ten files": 0.5,
    }
    for name, result in bench.results.items():
        line = f"{name:<40} {result.median:8.3f} s"
        other, most = against.get(name, ("", None))
        if other in bench.results:
            ratio = result.median / bench.results[other].median
            line += f"  {ratio:7.2f} x {other}"
            line += f"  (goal {most:g}: {'met' if ratio <= most else 'MISSED'})" if most is not None else ""
        if name in limits:
            line += f"  (goal {limits[name]:g} s: {'met' if result.median <= limits[name] else 'MISSED'})"
        print(line)
    for name in missing:
        print(f"{name}: not installed, left out")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000, help="files in the tree (default: 10000)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of jobkit and ruff (default: 5)")
    parser.add_argument("--tree", type=Path, help="build the tree in this folder and leave it there")
    parser.add_argument("--without-others", action="store_true", help="leave out flake8, fixit and ast-grep")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        tree = (given.tree or Path(temporary)).resolve() / "tree"
        shutil.rmtree(tree, ignore_errors=True)
        jobs, lines = build_tree(tree, given.files)
        print(f"{given.files:,} files, {lines:,} lines, {len(jobs)} written for jobs, Python {sys.version.split()[0]}")
        bench = Bench(tree, given.rounds)
        ruff = tool("ruff")
        measure_whole_tree(bench, jobs, ruff)
        missing = [] if given.without_others else measure_others(bench, ruff)
        print_table(bench, missing if ruff is not None else ["ruff", *missing])
        report_agreement_and_memory(bench)


def report_agreement_and_memory(bench: Bench) -> None:
    one, many = jobkit("--no-cache", "--jobs", "1", "."), jobkit("--no-cache", "--jobs", "4", ".")
    bench.run("one process", one)
    bench.run("four processes", many)
    # the last line tells the seconds
    one_by_one, together, kept = (
        bench.results[name].output.splitlines()[:-1]
        for name in ("one process", "four processes", "jobkit lint, nothing changed")
    )
    same, cached = one_by_one == together, one_by_one == kept
    print(f"output of one and of four processes: {'the same' if same else 'DIFFERS'}")
    print(f"output with and without the cache: {'the same' if cached else 'DIFFERS'}")
    memory = most_memory(jobkit("--no-cache", "."), bench.tree)
    if memory is None:
        print("memory: not measured, there is no /proc here")
    else:
        print(f"memory with children: {memory:.0f} MB (goal 400: {'met' if memory <= 400 else 'MISSED'})")


if __name__ == "__main__":
    main()
