"""The base of every rule, and how to add one.

A rule is one file ``rules/<group>/<name_with_underscores>.py`` with one subclass of `Rule`. Nothing else is
touched: the file is found by walking, and its tests, its page, ``jobkit lint explain`` and the help in SARIF are
made from it. A project outside gives its rules through the entry point group ``jobkit.lint_rules``, and the address
of a page about each as `help_url`.

1. The class docstring has these headings, in this order, each followed by prose:
   ``## What it does``, ``## Why is this bad``, ``## What to do instead``, ``## When to ignore``.
2. Class facts: `code` (``JK101``; never used before), `name` (``object-argument``), `summary` (one line, shown
   in lists), `severity`, `default` (on, off, preview, strict), `since` (version), `frameworks` (empty: all).
3. `examples`: at least two ``Bad(title, code)`` with carets under the source, two ``Good(title, code)``; a rule
   that attaches fixes has a ``Bad(..., fixed=...)``.
4. One or more of the check methods, each a generator of `Report`:

   ``check_job(job, analysis)``      for each job defined in the given files (`jobkit_lint.index.jobs.Job`):
                                     its `options`, `parameters`, `framework`, `function`.
   ``check_site(site, analysis)``    for each resolved enqueue site (`jobkit_lint.index.sites.Site`): its `job`,
                                     `form`, bound `arguments`, enqueue `options`, `step` and `scope`.
   ``check_module(module, analysis)``  for each given file with a sign of a job: settings, schedules.
   ``check_program(analysis)``       once: what needs all jobs or all sites.

   A rule with `compares` asks `analysis.before` what the changed files held before; None without ``--since``.
   Test files are left out unless `in_tests` is True. A rule that judges files without any job in them (settings)
   names words in `signs`: a file with one of them is looked at, and the statements that hold them are in its body.

What a check asks (`jobkit_lint.analysis.Analysis`; None means "cannot be told": stay silent then):

   ``evidence(node, scope, place)``  what kind of value an expression is: a record, a payload, a datetime, ...
   ``origin`` / ``paths``            what a name means; ``annotated(parameter, job)`` by its annotation.
   ``effects(job, kinds...)``        effects in order, with `hops` through project functions;
                                     ``guards(effect)`` what dominates them and keeps a second run out.
   ``calls(job)``                    every call that the job makes, one to two functions deep, with `hops`
                                     (``reached(job)``: only step and scope).
   ``body(job)``                     the scope of its own body: ``places`` (statements) and ``steps`` (calls), each
                                     ``step.place`` with ``tests()``, ``before()``, ``loops()``, ``contexts()`` and
                                     ``tries()``.
   ``sites_of(job)``, ``callers(function)``, ``rerun_reason(job)``, ``settings``
   ``steps(module)``, ``variables(endings...)``  calls of a file; module-level settings by the end of their name.

What a check says: ``self.report(module, at, message, ...)``; for an effect or another call that the job reaches
``self.report_effect(job, effect, message, analysis)``, which places it and makes the chain. `likely=True` marks one
that rests on an assumption (shown only with ``--pedantic``); `fix` is ``Fixing(description, edits)``, safe only if said
so; `recipe` a fault that proves it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Confidence, Link, Recipe, Severity
from jobkit_lint.errors import RuleDefinitionError
from jobkit_lint.flow.effects import Reached
from jobkit_lint.index.jobs import Job
from jobkit_lint.index.sites import Site
from jobkit_lint.index.symbols import Module
from jobkit_lint.rules.examples import Bad, Example, Good
from jobkit_lint.tree.expressions import At
from jobkit_lint.tree.statements import FunctionCode

HEADINGS = ("What it does", "Why is this bad", "What to do instead", "When to ignore")
_CODE = re.compile(r"[A-Z]{2,4}\d{3}")
_NAME = re.compile(r"[a-z]+(?:-[a-z]+)*")


class Default(StrEnum):
    """When a rule runs: ON by default, OFF (only if selected), STRICT (with that preset), PREVIEW (``--preview``)."""

    ON = "on"
    OFF = "off"
    STRICT = "strict"
    PREVIEW = "preview"


@dataclass(frozen=True, slots=True)
class Replace:
    """An edit of a fix: the range `at` of the source becomes `text`. An empty range inserts."""

    at: At
    text: str


def after(at: At) -> At:
    """The empty range behind `at`."""
    return At(at.end_line, at.end_column, at.end_line, at.end_column)


def before(at: At) -> At:
    """The empty range in front of `at`."""
    return At(at.line, at.column, at.line, at.column)


@dataclass(frozen=True, slots=True)
class Fixing:
    """A fix, in the terms of a rule: what it does, the edits, and whether behaviour stays otherwise the same."""

    description: str
    edits: tuple[Replace, ...]
    is_safe: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What a rule found. `within` is the statement whose lines may carry the suppression comment."""

    module: Module
    at: At
    message: str
    job: Job | None = None
    chain: tuple[Link, ...] = ()
    confidence: Confidence = Confidence.CERTAIN
    fix: Fixing | None = None
    recipe: Recipe | None = None
    within: At | None = None


class Rule:
    """One rule. See the module for what a subclass must have; one that lacks something is refused here."""

    code: ClassVar[str]
    name: ClassVar[str]
    summary: ClassVar[str]
    severity: ClassVar[Severity]
    since: ClassVar[str]
    default: ClassVar[Default] = Default.ON
    frameworks: ClassVar[tuple[str, ...]] = ()
    in_tests: ClassVar[bool] = False
    signs: ClassVar[tuple[str, ...]] = ()
    compares: ClassVar[bool] = False
    help_url: ClassVar[str | None] = None
    examples: ClassVar[tuple[Example, ...]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        _check_definition(cls)

    # -- what a rule does ----------------------------------------------------------------------------------

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        """Judges one job definition."""
        yield from ()

    def check_site(self, site: Site, analysis: Analysis) -> Iterator[Report]:
        """Judges one enqueue site."""
        yield from ()

    def check_module(self, module: Module, analysis: Analysis) -> Iterator[Report]:
        """Judges one file."""
        yield from ()

    def check_program(self, analysis: Analysis) -> Iterator[Report]:
        """Judges the whole program."""
        yield from ()

    # -- what a rule says ----------------------------------------------------------------------------------

    def report(
        self,
        module: Module,
        at: At,
        message: str,
        *,
        job: Job | None = None,
        within: At | None = None,
        likely: bool = False,
        fix: Fixing | None = None,
        recipe: Recipe | None = None,
        chain: tuple[Link, ...] = (),
    ) -> Report:
        """A finding at a range of a file."""
        confidence = Confidence.LIKELY if likely else Confidence.CERTAIN
        return Report(module, at, message, job, chain, confidence, fix, recipe, within)

    def report_effect(
        self,
        job: Job,
        effect: Reached,
        message: str,
        analysis: Analysis,
        *,
        what: str | None = None,
        likely: bool = False,
        fix: Fixing | None = None,
        recipe: Recipe | None = None,
    ) -> Report:
        """A finding at an effect (or another reached call) of a job, with the chain that leads there.

        It is placed at the effect if that is in one of the given files, else at the call that leads out of them.
        """
        step, scope = effect.step, effect.scope
        for level_step, level_scope in effect.levels:
            step, scope = level_step, level_scope
            if analysis.program.is_given(scope.module):
                break
        within = None if isinstance(step.place.statement, FunctionCode) else step.place.statement.at
        chain = _chain(job, effect, what or str(getattr(effect, "what", "call"))) if effect.hops else ()
        return self.report(
            scope.module,
            step.call.at,
            message,
            job=job,
            within=within,
            likely=likely,
            fix=fix,
            recipe=recipe,
            chain=chain,
        )


def _chain(job: Job, effect: Reached, what: str) -> tuple[Link, ...]:
    links = [Link(job.name, job.module.shown, job.line)]
    links += [Link(hop.function.dotted, hop.scope.module.shown, hop.step.call.at.line) for hop in effect.hops]
    links.append(Link(what, effect.scope.module.shown, effect.step.call.at.line))
    return tuple(links)


def sections(rule: type[Rule]) -> dict[str, str]:
    """The docstring of a rule, by heading."""
    text = _dedented(rule.__doc__ or "")
    found: dict[str, str] = {}
    current = None
    lines: list[str] = []
    for line in [*text.split("\n"), "## "]:
        if line.startswith("## "):
            if current is not None:
                found[current] = "\n".join(lines).strip()
            current, lines = line.removeprefix("## ").strip(), []
        else:
            lines.append(line)
    return found


def _dedented(text: str) -> str:
    first, _, rest = text.partition("\n")
    lines = rest.split("\n")
    indents = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    margin = min(indents, default=0)
    return "\n".join([first.strip(), *(line[margin:] for line in lines)])


def _check_definition(cls: type[Rule]) -> None:
    where = f"rule {cls.__module__}.{cls.__name__}"

    def refuse(problem: str) -> RuleDefinitionError:
        return RuleDefinitionError(f"{where}: {problem}")

    for fact in ("code", "name", "summary", "severity", "since", "examples"):
        if not hasattr(cls, fact):
            raise refuse(f"has no `{fact}`")
    if not _CODE.fullmatch(cls.code):
        raise refuse(f"`code` is {cls.code!r}; it must be letters and three digits, as JK101")
    if not _NAME.fullmatch(cls.name):
        raise refuse(f"`name` is {cls.name!r}; it must be words joined by hyphens, as object-argument")
    if not cls.summary.strip() or "\n" in cls.summary:
        raise refuse("`summary` must be one line")
    found = sections(cls)
    if tuple(found) != HEADINGS:
        raise refuse(f"the docstring's headings are {list(found)}; they must be {list(HEADINGS)}")
    for heading, text in found.items():
        if not text:
            raise refuse(f"there is nothing under the heading {heading!r}")
    bad = [example for example in cls.examples if isinstance(example, Bad)]
    good = [example for example in cls.examples if isinstance(example, Good)]
    if len(bad) < 2 or len(good) < 2:
        raise refuse(f"has {len(bad)} bad and {len(good)} good examples; it needs two of each at least")
    titles = [example.title for example in cls.examples]
    if len(set(titles)) < len(titles) or not all(title.strip() for title in titles):
        raise refuse("each example needs a title of its own")
    for case in bad:
        if not case.marks:
            raise refuse(f"the bad example {case.title!r} has no mark (carets under the source)")
    for kept in good:
        if kept.marks:
            raise refuse(f"the good example {kept.title!r} has a mark")
