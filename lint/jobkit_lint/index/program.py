"""The whole program of a run: maps the files, then reduces their summaries to jobs and enqueue sites."""

from __future__ import annotations

# the same paths as in the walk, for each file of the project:
# ruff: noqa: PTH100, PTH109
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from jobkit_lint.cache import Cache, Files, Judged, Result, SeenModule, kept_state, key_of, state_of
from jobkit_lint.diagnostic import Problem
from jobkit_lint.facts import FOREIGN, fact_aliases
from jobkit_lint.frameworks import known_frameworks
from jobkit_lint.frameworks.house import taught, taught_enqueuers
from jobkit_lint.index.files import ProjectFiles
from jobkit_lint.index.finder import Finder
from jobkit_lint.index.jobs import HouseNames, Job, Jobs
from jobkit_lint.index.names import Names
from jobkit_lint.index.project import Project
from jobkit_lint.index.sites import Sites
from jobkit_lint.index.symbols import Class, Module
from jobkit_lint.settings import Settings
from jobkit_lint.signs import Learned, Signs
from jobkit_lint.source import Source, Unreadable, read
from jobkit_lint.summary import FileSummary

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
        cache: Cache | None = None,
    ) -> None:
        self.settings = settings
        self.frameworks = known_frameworks()
        self.root = root.resolve()
        self.problems: list[Problem] = []
        self.files: list[tuple[str, str]] = []
        self._contents = contents or {}
        self._shown: dict[str, str] = {}
        self._is_test: dict[str, bool] = {}
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
        self._jobs = Jobs(self.names, self.frameworks, self.house)
        enqueuers = taught_enqueuers(settings, self.frameworks)
        self._sites = Sites(self.names, self._jobs, self.frameworks, enqueuers)
        self._selected: list[Module] = []
        self._cache = cache if not self._contents else None
        signs = Signs(self.frameworks, {*self.house.decorators, *self.house.bases, *enqueuers}, words)
        self._key = key_of(os.getcwd(), str(self.root), signs.words, signs.texts_asked) if self._cache else ""
        known = self._cache.files(self._key) if self._cache else Files()
        self._files = ProjectFiles(signs, self._contents, known)
        self._question: str | None = None
        self._earlier: Result | None = None
        self._parses_all = False

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
        try:
            return shown, self._files.summary(path, shown)
        except Unreadable:
            return None

    def read(
        self,
        files: Sequence[tuple[str, str]],
        processes: int,
        parse_all: bool | None = None,
        question: str | None = None,
    ) -> None:
        """Maps the files (absolute path, shown path) and finds their jobs and enqueue sites.

        `question` says what else the findings depend on: if an earlier run with the same one has looked at the same
        files, `earlier` is what it found, and jobs and sites are looked for only when somebody asks for them.
        Without a question nothing of the kind is kept.
        """
        self.files = list(files)
        self._shown = dict(files)
        self._files.shown, self._files.processes = self._shown, processes
        self._parses_all = len(files) <= PARSE_ALL_UP_TO if parse_all is None else parse_all
        changed = self._files.check(self._shown, self._parses_all)
        self._question = question
        if self._cache is not None and question is not None and not changed:
            self._earlier = self._same_as_before(self._cache.result(self._result_key(question)))
        if self._earlier is not None:
            self.problems = list(self._earlier.problems)
            self._selected = [seen_before(one) for one in self._earlier.modules if one.is_selected]
        else:
            self._find(changed)

    def _find(self, changed: Sequence[str]) -> None:
        files = self._files
        files.map(changed, self._parses_all)
        self._scan(files.with_sign(self._shown))
        learned = Learned()
        for _ in range(MAX_ROUNDS):
            before, learned = learned, self._learn()
            if learned == before:
                break
            self._scan(files.map_again(self._shown, learned))
        self.problems = files.problems(self._shown)
        for module in self._selected:
            for _ in self._jobs.listed(module):
                pass
        for module in self._selected:
            self._lower_callers(module)
            self._sites.scan(module)

    def _scan(self, paths: Sequence[str]) -> None:
        """Takes these files as ones that have to do with jobs, and looks at their definitions."""
        modules = [module for module in map(self.project.module, paths) if module is not None]
        self._selected += modules
        for module in modules:
            self._jobs.scan(module)

    def _lower_callers(self, module: Module) -> None:
        """Where a plain call enqueues, nothing in a function's text says so: all of a caller's file is looked into."""
        names = self._sites.called_names
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

    def _learn(self) -> Learned:
        """Names of the project that make jobs or enqueue them."""
        decorators: set[str] = set()
        bases: set[str] = set()
        called: set[str] = set()
        common: set[str] = set()
        methods: set[str] = set()
        modules: set[str] = set()
        for job in self._jobs.all():
            name = job.class_.name if job.class_ is not None else job.function.name if job.function is not None else ""
            weak = {method.name for method in job.framework.methods if not method.strong}
            if weak or job.framework.call_enqueues:
                modules.add(job.module.name.rpartition(".")[2])
            if job.framework.call_enqueues:
                called.add(name)
            elif weak:
                common.add(name)
                methods |= weak
        for module in self._selected:
            decorators |= self._jobs.wrappers(module)
            for name in module.summary.classes:
                class_ = self.project.defined(module, name)
                if isinstance(class_, Class) and self._jobs.is_base(class_):
                    bases.add(name)
        return Learned(*map(frozenset, (decorators, bases, called, common, methods, modules)))

    # -- from one run to the next -------------------------------------------------------------------------

    @property
    def earlier(self) -> Result | None:
        """What an earlier run has found with the same files, settings and rules."""
        return self._earlier

    def _result_key(self, question: str) -> str:
        return key_of(self._key, question, self._files.digest(self._shown), self._parses_all)

    def _same_as_before(self, result: Result | None) -> Result | None:
        """The result, if the files and folders that it also depends on are as they were."""
        if result is None or any(state_of(path) != state for path, state in result.others.items()):
            return None
        is_same = all(self.project.finder.is_same(path, mark) for path, mark in result.folders.items())
        return result if is_same else None

    def keep(self, judged: list[Judged], places: Iterable[Module], rule_problems: list[Problem]) -> None:
        """Keeps what was found for the next run; `places` are the files that it was found in."""
        if self._cache is None or self._earlier is not None:
            return
        if self._files.fresh:
            self._cache.keep_files(self._key, self._files.known)
        if self._question is None:
            return
        chosen = set(self._selected)
        others = {module.path: kept_state(module.path) for module in self.project.loaded()}
        result = Result(
            judged,
            self.problems,
            rule_problems,
            [_seen(one, one in chosen) for one in dict.fromkeys([*self._selected, *places])],
            len(self.selected_jobs()),
            len(self._sites.found),
            {path: state for path, state in others.items() if path not in self._shown},
            self.project.finder.marks(),
        )
        self._cache.keep_result(self._result_key(self._question), result)

    def _wake(self) -> None:
        """Looks for jobs and sites after all."""
        if self._earlier is not None:
            self._earlier = None
            self._selected = []
            self._find([])

    @property
    def jobs(self) -> Jobs:
        """The job definitions."""
        self._wake()
        return self._jobs

    @property
    def sites(self) -> Sites:
        """The enqueue sites."""
        self._wake()
        return self._sites

    @property
    def selected(self) -> list[Module]:
        """The given files with a sign of a job. After an unchanged run only their names and comments are known."""
        return self._selected

    @property
    def job_count(self) -> int:
        """How many jobs the given files define."""
        return self._earlier.jobs if self._earlier is not None else len(self.selected_jobs())

    @property
    def site_count(self) -> int:
        """How many enqueue sites the given files have."""
        return self._earlier.sites if self._earlier is not None else len(self._sites.found)

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
        known = self._is_test.get(module.path)
        if known is None:
            known = self._is_test[module.path] = self._looks_like_test(Path(module.path))
        return known

    def _looks_like_test(self, path: Path) -> bool:
        relative = path.relative_to(self.root) if path.is_relative_to(self.root) else Path(path.name)
        name = relative.stem
        in_tests = any(part in ("test", "tests", "testing") for part in relative.parts[:-1])
        return in_tests or name.startswith("test_") or name.endswith("_test") or name in ("conftest", "tests")


def seen_before(seen: SeenModule) -> Module:
    """The module of a file that nothing but the comments is known of."""
    return Module(seen.path, seen.shown, seen.name, FileSummary(seen.shown, {}, [], {}, {}, {}, (), seen.suppressions))


def _seen(module: Module, is_selected: bool) -> SeenModule:
    return SeenModule(module.path, module.shown, module.name, is_selected, module.summary.suppressions)


def shown_files(paths: Iterable[str]) -> list[tuple[str, str]]:
    """Absolute and shown form of each path; shown is relative to the working directory, with ``/``."""
    here = os.getcwd()
    found = []
    for path in paths:
        absolute = os.path.abspath(path)
        shown = os.path.relpath(absolute, here) if absolute.startswith(here + os.sep) else absolute
        found.append((absolute, shown.replace(os.sep, "/")))
    return found
