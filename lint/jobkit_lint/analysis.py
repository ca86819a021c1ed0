"""What rules ask: the facade over the index and the flow analysis. Made once a run, read by every rule."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from jobkit_lint.flow.additions import Additions
from jobkit_lint.flow.effects import Effect, EffectKind, Effects, Reached
from jobkit_lint.flow.evidence import Evidence, Values
from jobkit_lint.flow.guards import Guard, Guards
from jobkit_lint.flow.lookups import is_locked
from jobkit_lint.flow.marks import Marks
from jobkit_lint.flow.places import Place, Step
from jobkit_lint.flow.retrying import Retrying, retrying
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.flow.sending import Serializers, may_convert
from jobkit_lint.flow.states import States
from jobkit_lint.flow.writes import Write
from jobkit_lint.index.jobs import Job
from jobkit_lint.index.models import Models
from jobkit_lint.index.program import Program
from jobkit_lint.index.sites import Site
from jobkit_lint.index.symbols import Class, Function, Module, Origin
from jobkit_lint.settings import Settings
from jobkit_lint.tree.expressions import AnyExpression, At, is_constant
from jobkit_lint.tree.statements import FunctionCode, Parameter


class Analysis:
    """Questions about the program. Answers of None mean "cannot be told", on which a rule stays silent.

    `before` is the part of the program that has changed, as it was: only with ``--since``.
    """

    def __init__(self, program: Program, before: Analysis | None = None) -> None:
        self.program = program
        self.before = before
        self.settings: Settings = program.settings
        self.names = program.names
        self.models = Models(self.names)
        self.values = Values(self.names, self.models)
        self.states = States(self.names, self.values)
        self.marks = Marks(self.names, self.models)
        self.additions = Additions(self.names, self.models, self.values)
        self._serializers = Serializers(program)
        facts = self.settings.facts
        self._effects = Effects(self.names, self.models, self.values, facts)
        self._guards = Guards(self.states, self.marks, self.models, frozenset(facts.guard))

    # -- the program -------------------------------------------------------------------------------------

    @cached_property
    def jobs(self) -> list[Job]:
        """Every recognised job, also those of files that were only loaded because a name led to them."""
        return self.program.jobs.all()

    @cached_property
    def sites(self) -> list[Site]:
        """Every resolved enqueue site of the given files, in order of file and line."""
        return sorted(self.program.sites.found, key=lambda site: (site.module.shown, site.at))

    @cached_property
    def _sites_by_job(self) -> dict[Job, list[Site]]:
        found: dict[Job, list[Site]] = {}
        for site in self.sites:
            found.setdefault(site.job, []).append(site)
        return found

    def sites_of(self, job: Job) -> list[Site]:
        """The enqueue sites of a job."""
        return self._sites_by_job.get(job, [])

    def scope(self, function: Function) -> Scope:
        """The names, statements (`places`) and calls (`steps`) of a function."""
        return self.names.scope(function)

    def body(self, job: Job) -> Scope | None:
        """The scope of the function that a job runs."""
        return self.names.scope(job.function) if job.function is not None else None

    def module_scope(self, module: Module) -> Scope:
        """The scope of a module's top."""
        return self.names.module_scope(module)

    # -- meanings ----------------------------------------------------------------------------------------

    def origin(self, node: AnyExpression, scope: Scope, place: Place | None) -> Origin | None:
        """Where the value of an expression comes from."""
        return self.names.origin(node, scope, place)

    def paths(self, node: AnyExpression, scope: Scope, place: Place | None) -> tuple[str, ...]:
        """The external origin paths of an expression: ``("requests.get",)``; empty where it has none."""
        origin = self.names.origin(node, scope, place)
        return self.names.paths(origin) if origin is not None else ()

    def evidence(self, node: AnyExpression, scope: Scope, place: Place | None) -> Evidence | None:
        """What kind of value an expression is."""
        return self.values.evidence(node, scope, place)

    def called(self, step: Step, scope: Scope) -> Function | None:
        """The project's function that a call runs."""
        return self._effects.called_function(step.call, scope, step)

    def text(self, module: Module, at: At) -> str:
        """The source text of a range."""
        return self.program.source(module.path).segment(at)

    # -- effects -----------------------------------------------------------------------------------------

    def effects(self, job: Job, *kinds: EffectKind) -> list[Effect]:
        """What a job does to the outside, in order, `call-depth` calls deep; only of `kinds` if any are given."""
        if job.function is None:
            return []
        found = self._effects.of(job.function, self.settings.call_depth)
        return [effect for effect in found if not kinds or effect.kind in kinds]

    def guards(self, effect: Effect) -> list[Guard]:
        """What keeps an effect from happening again in a second run of the job."""
        return self._guards.of(effect)

    def is_unique(self, write: Write) -> bool:
        """Whether a unique constraint keeps the database from taking the same row twice."""
        return self._guards.is_unique(write)

    def is_locked(self, step: Step, scope: Scope) -> bool:
        """Whether a lock of the function keeps other workers out when a call is made."""
        return is_locked(step, scope)

    def calls(self, job: Job) -> Iterator[Reached]:
        """Every call of a job's body and of the project functions it calls, `call-depth` calls deep, in order."""
        if job.function is not None:
            yield from self._effects.reached(job.function, self.settings.call_depth)

    def reached(self, job: Job) -> Iterator[tuple[Step, Scope]]:
        """The same as `calls` for a rule that does not report the way: only the calls and their scopes."""
        for call in self.calls(job):
            yield call.step, call.scope

    def callers(self, function: Function) -> list[tuple[Step, Scope]]:
        """The calls of a project function, in the files that have to do with jobs."""
        return self._callers.get(id(function.code), [])

    @cached_property
    def _callers(self) -> dict[int, list[tuple[Step, Scope]]]:
        found: dict[int, list[tuple[Step, Scope]]] = {}
        for module in self.program.selected:
            for step, scope in self.steps(module):
                callee = self.called(step, scope)
                if callee is not None:
                    found.setdefault(id(callee.code), []).append((step, scope))
        return found

    # -- files -------------------------------------------------------------------------------------------

    def scopes(self, module: Module) -> Iterator[Scope]:
        """The module's top, and every function and method that was looked into (those with a sign of a job)."""
        yield self.module_scope(module)
        for name, code in module.summary.functions.items():
            if code.body is not None:
                yield from self._nested(self.names.scope(self.program.project.function(module, name)))
        for name in module.summary.classes:
            class_ = self.program.project.defined(module, name)
            if isinstance(class_, Class):
                yield from self._class_scopes(class_)

    def _class_scopes(self, class_: Class) -> Iterator[Scope]:
        for name, code in class_.code.methods.items():
            method = class_.method(name)
            if code.body is not None and method is not None:
                yield from self._nested(self.names.scope(method))
        for name in class_.code.classes:
            inner = class_.inner(name)
            if inner is not None:
                yield from self._class_scopes(inner)

    def _nested(self, scope: Scope) -> Iterator[Scope]:
        yield scope
        for bindings in scope.bindings.values():
            for binding in bindings:
                if isinstance(binding.definition, FunctionCode):
                    yield from self._nested(self.names.scope(self.names.nested(binding.definition, scope)))

    def steps(self, module: Module) -> Iterator[tuple[Step, Scope]]:
        """Every call in the module's `scopes`."""
        for scope in self.scopes(module):
            for step in scope.steps:
                yield step, scope

    def variables(self, *endings: str) -> Iterator[tuple[Module, str, AnyExpression]]:
        """Module-level variables whose name ends with one of `endings`, in any case, in the selected files."""
        wanted = tuple(ending.lower() for ending in endings)
        for module in self.program.selected:
            for name, value in module.summary.variables.items():
                if name.lower().endswith(wanted):
                    yield module, name, value

    def annotated(self, parameter: Parameter, job: Job) -> Evidence | None:
        """What a parameter of a job is by its annotation."""
        if parameter.annotation is None:
            return None
        origin = self.names.instance(parameter.annotation, self.module_scope(job.module))
        return self.values.of_origin(origin) if origin is not None else None

    # -- messages ----------------------------------------------------------------------------------------

    def serializer(self, job: Job, options: dict[str, AnyExpression]) -> str:
        """How a message of the job is written: json, pickle, references, custom or unknown."""
        return self._serializers.of(job, options)

    def may_convert(self, job: Job) -> bool:
        """Whether a decorator of the project may change the arguments before the job's function gets them."""
        return may_convert(job, self.names)

    # -- declarations --------------------------------------------------------------------------------------

    def declares_idempotent(self, job: Job) -> bool:
        """Whether the job says of itself that it may run twice."""
        return is_constant(job.option("idempotent"), True) or job.name in self.settings.facts.idempotent

    # -- retries -----------------------------------------------------------------------------------------

    def retrying(self, job: Job) -> Retrying | None:
        """What makes the framework run the job again after an error, and where that is written."""
        return retrying(job, self.body(job), self.names)

    def rerun_reason(self, job: Job) -> str | None:
        """How a second run of the job comes about, in words; None if its declaration promises there is none."""
        framework = job.framework
        retries = framework.retries
        for option, value in framework.at_most_once:
            given = job.option(option)
            if given is not None and getattr(given, "value", given) == value:
                return None
        if job.option(*retries.late_ack) is not None:
            return "it is acknowledged after the work, so a lost worker's job runs again"
        if job.option(*retries.automatic) is not None:
            return "it is retried after an error"
        if job.self_name is not None and retries.calls:
            body = self.body(job)
            for step in body.steps if body is not None else ():
                function = step.call.function
                if getattr(function, "name", None) in retries.calls:
                    return "it retries itself"
        return framework.rerun
