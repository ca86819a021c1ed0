"""Where schedules are written: calls of ``crontab`` and its like, wherever a file makes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jobkit_lint.analysis import Analysis
from jobkit_lint.index.symbols import Class, Module
from jobkit_lint.tree import expressions as e

# calls that take the fields of a schedule; the number of arguments in front of them
CRONTABS = {
    "celery.schedules.crontab": 0,
    "celery.task.schedules.crontab": 0,
    "huey.crontab": 0,
    "huey.api.crontab": 0,
    "huey.contrib.djhuey.crontab": 0,
    "arq.cron": 1,
}
FIELD_NAMES = frozenset(
    {
        "hour", "day_of_week", "day_of_month", "month_of_year", "day", "month", "weekday", "second",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CronText:
    """A call that takes a cron text, at `position` or by `keyword`. `seconds`: a sixth field is understood."""

    position: int | None
    keyword: str
    seconds: bool = True


CRON_TEXTS = {
    "procrastinate.App().periodic": CronText(None, "cron"),
    "rq_scheduler.Scheduler().cron": CronText(0, "cron_string"),
    "rq.cron.register": CronText(None, "cron"),
    "apscheduler.triggers.cron.CronTrigger.from_crontab": CronText(0, "expr", seconds=False),
    "dramatiq_crontab.cron": CronText(0, "schedule", seconds=False),
    "taskiq.Broker().task": CronText(None, "schedule", seconds=False),
}


_LAST_NAMES = frozenset(path.rpartition(".")[2] for path in (*CRONTABS, *CRON_TEXTS))


def schedule_calls(module: Module, analysis: Analysis) -> Iterator[tuple[e.Call, str]]:
    """Every call of a file that makes a schedule, with its origin path: in functions, decorators, tables, classes."""
    seen: set[e.At] = set()
    for scope in analysis.scopes(module):
        # to find out what a call means costs far more than to look at its name
        names = _LAST_NAMES | {
            local
            for local, target in (*module.summary.imports.items(), *scope.imports.items())
            if target.rpartition(".")[2] in _LAST_NAMES
        }
        for step in scope.steps:
            name = _last_name(step.call.function)
            if name not in names and name not in scope.bindings:
                continue
            yield from _known(step.call, analysis.paths(step.call.function, scope, step.place), seen)
    top = analysis.module_scope(module)
    for expression in _outside(module, analysis):
        for part in e.descend(expression):
            if isinstance(part, e.Call):
                yield from _known(part, analysis.paths(part.function, top, None), seen)


def _last_name(callee: e.AnyExpression) -> str:
    match callee:
        case e.Name(id=name) | e.Attribute(name=name):
            return name
        case _:
            return ""


def _known(call: e.Call, paths: tuple[str, ...], seen: set[e.At]) -> Iterator[tuple[e.Call, str]]:
    for path in paths:
        if (path in CRONTABS or path in CRON_TEXTS) and call.at not in seen:
            seen.add(call.at)
            yield call, path


def _outside(module: Module, analysis: Analysis) -> Iterator[e.AnyExpression]:
    """Expressions that stand in no function: decorators, module variables, class attributes."""
    summary = module.summary
    for code in summary.functions.values():
        yield from code.decorators
    yield from summary.variables.values()
    for name in summary.classes:
        class_ = analysis.program.project.defined(module, name)
        if isinstance(class_, Class):
            yield from class_.code.attributes.values()
            for method in class_.code.methods.values():
                yield from method.decorators


def cron_texts(call: e.Call, path: str) -> Iterator[tuple[e.AnyExpression, CronText]]:
    """The cron texts that a call is given."""
    known = CRON_TEXTS.get(path)
    if known is None:
        return
    given = call.argument(known.position, known.keyword) if known.position is not None else call.keyword(known.keyword)
    if isinstance(given, e.Collection):
        for item in given.items:
            inner = item.get("cron") if isinstance(item, e.Mapping) else None
            if inner is not None:
                yield inner, known
    elif given is not None:
        yield given, known
