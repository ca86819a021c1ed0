"""The whole program of a run: maps the files, then reduces their summaries to jobs and enqueue sites."""

from __future__ import annotations

# the same paths as in the walk, for each file of the project:
# ruff: noqa: PTH100, PTH109
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from jobkit_lint.diagnostic import Problem
from jobkit_lint.facts import FOREIGN, fact_aliases
from jobkit_lint.frameworks import known_frameworks
from jobkit_lint.frameworks.house import taught, taught_enqueuers
from jobkit_lint.index.finder import Finder
from jobkit_lint.index.jobs import HouseNames, Job, Jobs
from jobkit_lint.index.names import Names
from jobkit_lint.index.project import Project
from jobkit_lint.index.sites import Sites
from jobkit_lint.index.symbols import Class, Module
from jobkit_lint.mapping import Order, map_files
from jobkit_lint.settings import Settings
from jobkit_lint.signs import Learned, Signs
from jobkit_lint.source import Source, Unreadable, read
from jobkit_lint.summary import FileSummary, summarise

# a run over so few files parses each of them, so that a broken one without jobs is heard of too
PARSE_ALL_UP_TO = 64
MAX_ROUNDS = 3


class Program:
    """Everything that rules ask about the user's code.

    `selected` are the modules with a sign of a job among the given files: only these get findings. Other
    modules are loaded when a name leads to them. `words` are signs that the chosen rules ask for.
    """

    def __init__(
        self,
        root: Path,
        settings: Settings,
        contents: dict[str, bytes] | None = None,
        words: Iterable[str] = (),
    ) -> None:
        self.settings = settings
        self.frameworks = known_frameworks()
        self.root = root.resolve()
        self.problems: list[Problem] = []
        self.files: list[tuple[str, str]] = []
        self.selected: list[Module] = []
        self._contents = contents or {}
        self._summaries: dict[str, FileSummary] = {}
        self._shown: dict[str, str] = {}
        self._sources: dict[str, Source] = {}
        foreign = {package for framework in self.frameworks for package in framework.packages} | FOREIGN
        self.project = Project(Finder(str(root), foreign, self._contents), self._load, self.source)
        aliases = {**fact_aliases()}
        transparent: set[str] = set()
        for framework in self.frameworks:
            aliases |= framework.aliases
            transparent |= set(framework.registrars)
            for decorator in framework.decorators:
                transparent |= {decorator.path, f"{decorator.path}()"}
        self.names = Names(self.project, aliases, transparent)
        self.house = HouseNames(
            taught(settings.job_decorators, self.frameworks, "job-decorators"),
            taught(settings.job_bases, self.frameworks, "job-bases"),
        )
        self.jobs = Jobs(self.names, self.frameworks, self.house)
        enqueuers = taught_enqueuers(settings, self.frameworks)
        self.sites = Sites(self.names, self.jobs, self.frameworks, enqueuers)
        self.signs = Signs(self.frameworks, {*self.house.decorators, *self.house.bases, *enqueuers, *words})

    # -- files -------------------------------------------------------------------------------------------

    def source(self, path: str) -> Source:
        """The source of a file, kept while the run lasts. Raises `Unreadable`."""
        if path not in self._sources:
            shown = self._shown.get(path) or os.path.relpath(path)
            content = self._contents.get(path)
            self._sources[path] = Source(shown, content) if content is not None else read(path, shown)
        return self._sources[path]

    def _load(self, path: str) -> tuple[str, FileSummary] | None:
        shown = self._shown.get(path) or os.path.relpath(path).replace(os.sep, "/")
        summary = self._summaries.pop(path, None)
        if summary is None:
            try:
                source = self.source(path)
                summary = summarise(source, self.signs)
            except Unreadable:
                return None
            finally:
                self._sources.pop(path, None)
        return shown, summary

    def read(self, files: Sequence[tuple[str, str]], processes: int, parse_all: bool | None = None) -> None:
        """Maps the files (absolute path, shown path) and finds their jobs and enqueue sites."""
        self.files = list(files)
        self._shown = dict(files)
        everything = len(files) <= PARSE_ALL_UP_TO if parse_all is None else parse_all
        rest = self._map(self.files, everything, processes)
        for _ in range(MAX_ROUNDS):
            learned = self._learn()
            if learned == self.signs.learned:
                break
            self.signs = Signs(self.frameworks, self.signs.words, learned)
            rest = self._map(rest, False, processes, again=True)
        for module in self.selected:
            for _ in self.jobs.listed(module):
                pass
        for module in self.selected:
            self._lower_callers(module)
            self.sites.scan(module)

    def _lower_callers(self, module: Module) -> None:
        """Where a plain call enqueues, nothing in a function's text says so: all of a caller's file is looked into."""
        names = self.sites.called_names
        mentioned = {target.rpartition(".")[2] for target in module.summary.imports.values()}
        if not names or not names & {*mentioned, *module.summary.functions}:
            return
        for name in module.summary.functions:
            self.project.code(self.project.function(module, name))
        for name in module.summary.classes:
            class_ = self.project.defined(module, name)
            if isinstance(class_, Class):
                for method in filter(None, map(class_.method, class_.code.methods)):
                    self.project.code(method)

    def _map(
        self, files: list[tuple[str, str]], parse_all: bool, processes: int, again: bool = False
    ) -> list[tuple[str, str]]:
        """Maps files, selects those with a sign, scans them for jobs, and gives back the others."""
        in_memory = [file for file in files if file[0] in self._contents]
        on_disk = [file for file in files if file[0] not in self._contents]
        fresh: list[str] = []
        for mapped in map_files(Order(on_disk, self.signs, parse_all, again, processes)):
            if mapped.problem is not None:
                self.problems.append(mapped.problem)
            if mapped.summary is not None:
                self._summaries[mapped.path] = mapped.summary
                fresh.append(mapped.path)
        for path, _ in in_memory:
            try:
                self._summaries[path] = summarise(self.source(path), self.signs)
                fresh.append(path)
            except Unreadable as error:
                self.problems.append(error.problem)
        broken = {problem.path for problem in self.problems}
        taken = set(fresh)
        modules = [module for module in (self.project.module(path) for path in fresh) if module is not None]
        self.selected += modules
        for module in modules:
            self.jobs.scan(module)
        return [file for file in files if file[0] not in taken and file[1] not in broken]

    def _learn(self) -> Learned:
        """Names of the project that make jobs or enqueue them."""
        decorators: set[str] = set()
        bases: set[str] = set()
        called: set[str] = set()
        common: set[str] = set()
        methods: set[str] = set()
        modules: set[str] = set()
        for job in self.jobs.all():
            name = job.class_.name if job.class_ is not None else job.function.name if job.function is not None else ""
            weak = {method.name for method in job.framework.methods if not method.strong}
            if weak or job.framework.call_enqueues:
                modules.add(job.module.name.rpartition(".")[2])
            if job.framework.call_enqueues:
                called.add(name)
            elif weak:
                common.add(name)
                methods |= weak
        for module in self.selected:
            decorators |= self.jobs.wrappers(module)
            for name in module.summary.classes:
                class_ = self.project.defined(module, name)
                if isinstance(class_, Class) and self.jobs.is_base(class_):
                    bases.add(name)
        return Learned(*map(frozenset, (decorators, bases, called, common, methods, modules)))

    # -- what is asked -------------------------------------------------------------------------------------

    def selected_jobs(self) -> list[Job]:
        """The jobs defined in the given files."""
        chosen = {module.path for module in self.selected}
        return [job for job in self.jobs.all() if job.module.path in chosen]

    def path_of(self, shown: str) -> str:
        """The absolute path of a file that was shown as `shown`."""
        return os.path.abspath(shown)

    def is_given(self, module: Module) -> bool:
        """Whether the module is one of the given files: findings are placed only there."""
        return module.path in self._shown

    def is_test(self, module: Module) -> bool:
        """Whether the file holds tests, by its name or its folder below the project's root."""
        path = Path(module.path)
        relative = path.relative_to(self.root) if path.is_relative_to(self.root) else Path(path.name)
        name = relative.stem
        in_tests = any(part in ("test", "tests", "testing") for part in relative.parts[:-1])
        return in_tests or name.startswith("test_") or name.endswith("_test") or name in ("conftest", "tests")


def shown_files(paths: Iterable[str]) -> list[tuple[str, str]]:
    """Absolute and shown form of each path; shown is relative to the working directory, with ``/``."""
    here = os.getcwd()
    found = []
    for path in paths:
        absolute = os.path.abspath(path)
        shown = os.path.relpath(absolute, here) if absolute.startswith(here + os.sep) else absolute
        found.append((absolute, shown.replace(os.sep, "/")))
    return found
