"""Enqueue sites: the places where code puts a job on a queue, or makes a message of it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cached_property

from jobkit_lint.flow.places import Place, Step
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.frameworks.model import Enqueuer, Framework, Method, Packing
from jobkit_lint.index.arguments import Argument, given_arguments
from jobkit_lint.index.callees import imported_name, in_context
from jobkit_lint.index.jobs import Job, Jobs
from jobkit_lint.index.names import Names
from jobkit_lint.index.symbols import Class, Function, Module, Origin
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import Assign

# frameworks in which a plain call of the job enqueues it
CALL = Method("call")
NAMED_BY_TABLE = Packing(direct=False, args_keyword="args", kwargs_keyword="kwargs")


@dataclass(eq=False, slots=True)
class Site:
    """One place that enqueues `job`. `form` is how: the method's or function's name, ``partial(delay)``, ...

    `step` is the call (None in a table of periodic jobs). `arguments` are what the job gets, as far as they
    are seen; `is_complete` if that is all. `options` are those of the enqueue call (``countdown``, ``queue``).
    `is_message`: a message is made and sent elsewhere; `after_commit`: the framework waits for the commit;
    `is_partial`: a chain may add arguments in front.
    """

    job: Job
    framework: Framework
    form: str
    module: Module
    scope: Scope
    step: Step | None
    at: e.At
    arguments: tuple[Argument, ...]
    options: dict[str, e.AnyExpression]
    is_complete: bool
    is_message: bool = False
    after_commit: bool = False
    is_partial: bool = False
    is_coroutine: bool = False
    is_reference: bool = False


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A call that looks like an enqueue call and could not be resolved, with the reason."""

    module: Module
    at: e.At
    text: str
    reason: str


class Sites:
    """Finds the enqueue sites of modules. `enqueuers` are the frameworks' functions and those of the settings."""

    def __init__(
        self, names: Names, jobs: Jobs, frameworks: tuple[Framework, ...], house: dict[str, tuple[Framework, Enqueuer]]
    ) -> None:
        self.names = names
        self.jobs = jobs
        self.frameworks = frameworks
        self.methods = {method.name for framework in frameworks for method in framework.methods}
        self.strong = {m.name for framework in frameworks for m in framework.methods if m.strong and len(m.name) > 2}
        self.builders = {name for framework in frameworks for name in framework.builders}
        self.enqueuers = {
            enqueuer.path: (framework, enqueuer) for framework in frameworks for enqueuer in framework.enqueuers
        } | house
        self.enqueuer_names = {path.rpartition(".")[2] for path in self.enqueuers}
        self.tables = {name: framework for framework in frameworks for name in framework.schedules}
        self.packages = {package for framework in frameworks for package in framework.packages}
        self.found: list[Site] = []
        self.unresolved: list[Unresolved] = []

    def scan(self, module: Module) -> None:
        """Finds the sites in every body of `module` that has been lowered."""
        self._scan_scope(self.names.module_scope(module))
        for name, code in module.summary.functions.items():
            if code.body is not None:
                self._scan_function(self.names.project.function(module, name))
        for name in module.summary.classes:
            class_ = self.names.project.defined(module, name)
            if isinstance(class_, Class):
                self._scan_class(class_)
        for name, value in module.summary.variables.items():
            framework = next((self.tables[table] for table in self.tables if name.endswith(table)), None)
            if framework is not None:
                self._scan_table(value, framework, module, name)

    def _scan_class(self, class_: Class) -> None:
        for name, code in class_.code.methods.items():
            method = class_.method(name)
            if code.body is not None and method is not None:
                self._scan_function(method)
        for name in class_.code.classes:
            inner = class_.inner(name)
            if inner is not None:
                self._scan_class(inner)

    def _scan_function(self, function: Function) -> None:
        scope = self.names.scope(function)
        self._scan_scope(scope)
        for bindings in scope.bindings.values():
            for binding in bindings:
                if binding.kind == "function":
                    origin = self.names.binding(binding, scope)
                    if origin is not None and isinstance(origin.root, Function):
                        self._scan_function(origin.root)

    def _scan_scope(self, scope: Scope) -> None:
        for step in scope.steps:
            self._scan_step(step, scope)
        for place in scope.places:
            statement = place.statement
            if isinstance(statement, Assign) and statement.value is not None:
                for target in statement.targets:
                    if isinstance(target, e.Attribute) and target.name in self.tables:
                        self._scan_table(statement.value, self.tables[target.name], scope.module, target.name)

    def _scan_step(self, step: Step, scope: Scope) -> None:
        callee = step.call.function
        name = callee.name if isinstance(callee, e.Attribute) else callee.id if isinstance(callee, e.Name) else ""
        if isinstance(callee, e.Attribute) and name in self.methods:
            self._method_call(step, callee, scope)
        elif isinstance(callee, e.Name) and name in scope.bindings:
            self._aliased_call(step, callee, scope)
        elif name in self.called_names or imported_name(name, scope) in self.called_names:
            self._plain_call(step, callee, scope)
        if name in self.enqueuer_names:
            self._enqueuer_call(step, callee, scope)
        for position, argument in enumerate(step.call.arguments):
            if isinstance(argument, e.Attribute) and argument.name in self.methods:
                self._reference(step, argument, position, scope)
        for word in step.call.keywords:
            if word.name in self.tables:
                self._scan_table(word.value, self.tables[word.name], scope.module, word.name)

    # -- methods of jobs ----------------------------------------------------------------------------------

    def receiver(self, node: e.AnyExpression, scope: Scope, place: Place | None) -> tuple[Job, bool] | None:
        """The job that an expression is, after builders; and whether it is a message made of one before."""
        if isinstance(node, e.Name):
            own = self._own_job(node.id, scope)
            if own is not None:
                return own, False
        origin = self.names.origin(node, scope, place)
        if origin is None:
            return self._by_registry(node, scope, place)
        trail = list(origin.trail)
        is_message = False
        while len(trail) >= 2 and trail[-1] == "()" and trail[-2] not in ("()", "[]"):
            job = self.jobs.of_origin(Origin(origin.root, tuple(trail)))
            if job is not None:
                return job, is_message
            if trail[-2] not in self.builders:
                is_message = True
                if trail[-2] not in self.methods:
                    return None
            trail = trail[:-2]
        job = self.jobs.of_origin(Origin(origin.root, tuple(trail)))
        return (job, is_message) if job is not None else self._by_registry(node, scope, place)

    def _own_job(self, name: str, scope: Scope) -> Job | None:
        current: Scope | None = scope
        while current is not None:
            if current.function is not None and name in current.parameters:
                job = self.jobs.of_function(current.function)
                return job if job is not None and job.self_name == name else None
            current = current.parent
        return None

    def _by_registry(self, node: e.AnyExpression, scope: Scope, place: Place | None) -> tuple[Job, bool] | None:
        if isinstance(node, e.Subscript) and isinstance(node.value, e.Attribute) and node.value.name == "tasks":
            name = e.literal_text(node.index)
            job = self.by_name(name, scope.module) if name is not None else None
            return (job, False) if job is not None else None
        return None

    def by_name(self, name: str, importer: Module) -> Job | None:
        """The job with that registered name."""
        for job in self.jobs.all():
            if job.registered_name == name:
                return job
        origin = self.names.project.dotted(name, importer) if "." in name else None
        return self.jobs.of_origin(origin) if origin is not None else None

    def _method_call(self, step: Step, callee: e.Attribute, scope: Scope) -> None:
        found = self.receiver(callee.value, scope, step.place)
        if found is None:
            if callee.name in self.strong:
                self._note(step, callee, scope)
            return
        job, is_message = found
        method = job.framework.method(callee.name)
        if method is None or (is_message and not method.is_message):
            return
        call = step.call
        self._add(job, method, method.name, call.arguments, call.keywords, step, scope)

    def _plain_call(self, step: Step, callee: e.AnyExpression, scope: Scope) -> None:
        found = self.receiver(callee, scope, step.place)
        if found is not None and found[0].framework.call_enqueues:
            call = step.call
            self._add(found[0], CALL, "call", call.arguments, call.keywords, step, scope)

    @cached_property
    def called_names(self) -> set[str]:
        """The names of jobs that a plain call enqueues."""
        jobs = [job for job in self.jobs.all() if job.framework.call_enqueues]
        return {job.function.name for job in jobs if job.function is not None}

    def _aliased_call(self, step: Step, callee: e.Name, scope: Scope) -> None:
        """``enqueue = job.delay`` and then ``enqueue(1)``."""
        reaching = scope.reaching(callee.id, step.place, callee.at) or []
        if len(reaching) == 1 and isinstance(reaching[0].value, e.Attribute) and reaching[0].kind == "assign":
            value = reaching[0].value
            if value.name in self.methods and reaching[0].index is None:
                found = self.receiver(value.value, scope, reaching[0].place)
                method = found[0].framework.method(value.name) if found is not None else None
                if found is not None and method is not None:
                    call = step.call
                    self._add(found[0], method, method.name, call.arguments, call.keywords, step, scope)

    def _reference(self, step: Step, argument: e.Attribute, position: int, scope: Scope) -> None:
        """``partial(job.delay, 1)``, ``on_commit(job.delay)``: the method is handed over, to be called later."""
        found = self.receiver(argument.value, scope, step.place)
        method = found[0].framework.method(argument.name) if found is not None else None
        if found is None or method is None or method.is_message:
            return
        callee = self.names.origin(step.call.function, scope, step.place)
        shown = (e.dotted(step.call.function) or "...").rpartition(".")[2]
        takes_arguments = callee is not None and callee.path.startswith("functools.partial")
        form = f"{shown}({method.name})"
        after = step.call.arguments[position + 1 :] if takes_arguments else ()
        words = step.call.keywords if takes_arguments else ()
        self._add(found[0], method, form, after, words, step, scope, is_reference=not takes_arguments)

    def _add(
        self,
        job: Job,
        method: Method,
        form: str,
        positional: tuple[e.AnyExpression, ...],
        keywords: tuple[e.Keyword, ...],
        step: Step,
        scope: Scope,
        is_reference: bool = False,
    ) -> None:
        packing = method.packing
        given = given_arguments(positional, keywords, packing, job, scope, step.place)
        self.found.append(
            Site(
                job=job,
                framework=job.framework,
                form=form,
                module=scope.module,
                scope=scope,
                step=step,
                at=step.call.at,
                arguments=given.arguments if not method.is_many else (),
                options=given.options,
                is_complete=given.is_complete and not method.is_many and not is_reference,
                is_message=method.is_message,
                after_commit=method.after_commit,
                is_partial=method.partial,
                is_coroutine=method.is_coroutine,
                is_reference=is_reference,
            )
        )

    # -- functions that take the job ------------------------------------------------------------------------

    def _enqueuer_call(self, step: Step, callee: e.AnyExpression, scope: Scope) -> None:
        origin = self.names.origin(callee, scope, step.place) or in_context(callee, scope, self.jobs)
        if origin is None:
            return
        matched = next((self.enqueuers[path] for path in self.names.paths(origin) if path in self.enqueuers), None)
        matched = matched or self.enqueuers.get(origin.path)
        if matched is None:
            return
        framework, enqueuer = matched
        target = step.call.argument(enqueuer.job, enqueuer.job_keyword)
        if target is None:
            return
        form = (e.dotted(callee) or enqueuer.path).rpartition(".")[2]
        job = self._enqueued(target, enqueuer, framework, form, scope, step.place)
        if job is None:
            reason = self._why_not(target, scope, step.place)
            text = f"{form}({e.literal_text(target) or e.dotted(target) or '...'})"
            self.unresolved.append(Unresolved(scope.module, step.call.at, text, reason))
            return
        call = step.call
        given = given_arguments(call.arguments, call.keywords, enqueuer.packing, job, scope, step.place)
        self.found.append(
            Site(
                job=job,
                framework=framework,
                form=form,
                module=scope.module,
                scope=scope,
                step=step,
                at=call.at,
                arguments=given.arguments,
                options=given.options,
                is_complete=given.is_complete,
                is_message=enqueuer.is_message,
                is_coroutine=enqueuer.is_coroutine,
            )
        )

    def _enqueued(
        self,
        target: e.AnyExpression,
        enqueuer: Enqueuer,
        framework: Framework,
        form: str,
        scope: Scope,
        place: Place | None,
    ) -> Job | None:
        text = e.literal_text(target)
        if text is not None:
            return self.by_name(text, scope.module)
        found = self.receiver(target, scope, place)
        if found is not None:
            return found[0]
        origin = self.names.origin(target, scope, place)
        if enqueuer.defines_job and origin is not None and isinstance(origin.root, Function) and not origin.trail:
            return self.jobs.add_function(origin.root, framework, f"given to {form}() as a job")
        return None

    # -- tables of periodic jobs -----------------------------------------------------------------------------

    def _scan_table(self, table: e.AnyExpression, framework: Framework, module: Module, name: str) -> None:
        if not isinstance(table, e.Mapping):
            return
        scope = self.names.module_scope(module)
        for entry in table.values:
            task = entry.get("task") if isinstance(entry, e.Mapping) else None
            text = e.literal_text(task)
            if task is None or not isinstance(entry, e.Mapping):
                continue
            job = self.by_name(text, module) if text is not None else None
            if job is None:
                reason = "no job of this name among the files" if text else "the name is not a literal"
                self.unresolved.append(Unresolved(module, entry.at, f"{name}: {text or '...'}", reason))
                continue
            words = tuple(
                e.Keyword(key, value, value.at)
                for key, value in ((key, entry.get(key)) for key in ("args", "kwargs"))
                if value is not None
            )
            given = given_arguments((), words, NAMED_BY_TABLE, job, scope, None)
            arguments = given.arguments
            self.found.append(
                Site(job, framework, name, module, scope, None, entry.at, arguments, {}, given.is_complete)
            )

    # -- what stays unresolved ---------------------------------------------------------------------------------

    def _note(self, step: Step, callee: e.Attribute, scope: Scope) -> None:
        origin = self.names.origin(callee.value, scope, step.place)
        if origin is not None and isinstance(origin.root, str):
            library = origin.path.partition(".")[0]
            if library in sys.stdlib_module_names or library in self.packages:
                return
        reason = self._why_not(callee.value, scope, step.place)
        text = f"{e.dotted(callee) or '....' + callee.name}(...)"
        self.unresolved.append(Unresolved(scope.module, step.call.at, text, reason))

    def _why_not(self, node: e.AnyExpression, scope: Scope, place: Place | None) -> str:
        if e.literal_text(node) is not None:
            return "no job of this name among the files"
        origin = self.names.origin(node, scope, place)
        if origin is not None and isinstance(origin.root, str):
            return f"{origin.path} is not among the files"
        if origin is not None:
            return f"{origin.path} is not recognised as a job"
        root = node
        while isinstance(root, e.Attribute | e.Call | e.Subscript):
            root = root.function if isinstance(root, e.Call) else root.value
        if isinstance(root, e.Name):
            if root.id in scope.parameters:
                return f"`{root.id}` is a parameter: what it is depends on the caller"
            return f"what `{root.id}` is cannot be told from here"
        return "the object that it is called on is computed"
