"""Writes to a database, by mapper or by SQL: what they create or set, and from which values."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jobkit_lint.flow.places import Step
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.index.models import Model, Models
from jobkit_lint.index.names import Names
from jobkit_lint.index.symbols import Class, Origin
from jobkit_lint.tree import expressions as e

_INSERT = re.compile(r"\s*insert\s+into\s+[\"'`\[]?(?P<table>[\w.]+)", re.I)
_UPSERT = re.compile(
    r"on\s+conflict|on\s+duplicate\s+key|where\s+not\s+exists|insert\s+(?:or\s+)?(?:ignore|replace)", re.I
)
_EXECUTES = frozenset({"execute", "executemany", "exec_driver_sql", "exec", "raw"})
_CREATES = frozenset({"create", "acreate"})
_BULK = frozenset({"bulk_create", "abulk_create"})
_CLAIMS = frozenset({"get_or_create", "aget_or_create", "update_or_create", "aupdate_or_create"})


@dataclass(frozen=True, slots=True)
class Write:
    """One write. `verb`: create, bulk, save, add, insert, claim, update. `fields` are the columns given by name.

    `is_upsert`: a second run changes the same row. `fields_are_complete` unless a star hides some.
    """

    verb: str
    model: Model | None
    what: str
    fields: dict[str, e.AnyExpression]
    is_upsert: bool = False
    fields_are_complete: bool = True

    @property
    def creates(self) -> bool:
        """Whether it may add a row."""
        return self.verb in ("create", "bulk", "save", "add", "insert")


def write_of(step: Step, scope: Scope, origin: Origin | None, names: Names, models: Models) -> Write | None:
    """The write that a call is, or None."""
    function = step.call.function
    if not isinstance(function, e.Attribute):
        return None
    if function.name in _EXECUTES:
        return _sql(step, scope)
    if function.name in ("add", "add_all") and len(step.call.arguments) == 1:
        return _added(step, scope, names, models)
    if origin is None:
        return None
    found = models.split(origin)
    if found is None:
        return None
    model, trail = found
    name = function.name
    fields = {word.name: word.value for word in step.call.keywords if word.name is not None}
    if name in _CLAIMS and len(trail) > 1:
        return Write("claim", model, model.name, fields, is_upsert=True)
    if name in _CREATES and (len(trail) > 1 or model.mapper != "django"):
        owner = models.query(_parent(origin))
        complete = not step.call.is_open
        if owner is None or owner.state not in ("class", "manager", "records", "unknown"):
            return None
        if owner.state == "unknown":
            # a manager of related rows: whose model it is cannot be told from here
            return Write("create", None, f"a row of `{trail[-2]}`", fields, fields_are_complete=complete)
        return Write("create", model, model.name, fields, fields_are_complete=complete)
    if name in _BULK:
        upsert = any(e.is_constant(step.call.keyword(word), True) for word in ("ignore_conflicts", "update_conflicts"))
        return Write("bulk", model, model.name, {}, upsert, False)
    if name in ("update", "aupdate"):
        return Write("update", model, model.name, fields)
    if name in ("save", "asave", "insert") and trail[:1] == ("()",) and len(trail) == 2:
        return _saved(step, scope, model, function, names)
    return None


def _parent(origin: Origin) -> Origin:
    if isinstance(origin.root, str):
        return Origin(origin.root.rpartition(".")[0])
    return Origin(origin.root, origin.trail[:-1])


def _saved(step: Step, scope: Scope, model: Model, function: e.Attribute, names: Names) -> Write | None:
    """``Model(...).save()``: a new row, unless the primary key was given."""
    made = _constructor(function.value, scope, step)
    if made is None:
        return None
    called = names.origin(made.function, scope, step.place)
    if called is None or not isinstance(called.root, Class) or called.trail:
        return None
    fields = {word.name: word.value for word in made.keywords if word.name is not None}
    if {"pk", "id"} & fields.keys():
        return None
    return Write("save", model, model.name, fields, fields_are_complete=not made.is_open)


def _constructor(node: e.AnyExpression, scope: Scope, step: Step) -> e.Call | None:
    if isinstance(node, e.Call):
        return node
    if isinstance(node, e.Name):
        reaching = scope.reaching(node.id, step.place, node.at)
        if reaching and len(reaching) == 1 and reaching[0].kind == "assign" and reaching[0].index is None:
            value = reaching[0].value
            return value if isinstance(value, e.Call) else None
    return None


def _added(step: Step, scope: Scope, names: Names, models: Models) -> Write | None:
    """SQLAlchemy's ``session.add(Model(...))``."""
    argument = step.call.arguments[0]
    is_many = isinstance(argument, e.Collection | e.Comprehension)
    if isinstance(argument, e.Collection) and argument.items:
        argument = argument.items[0]
    elif isinstance(argument, e.Comprehension):
        argument = argument.elements[0]
    made = _constructor(argument, scope, step)
    if made is None:
        return None
    origin = names.origin(made.function, scope, step.place)
    if origin is None or not isinstance(origin.root, Class) or origin.trail:
        return None
    model = models.of_class(origin.root)
    if model is None or model.mapper == "django":
        return None
    fields = {word.name: word.value for word in made.keywords if word.name is not None}
    complete = not made.is_open and not is_many
    return Write("add", model, model.name, fields, fields_are_complete=complete)


def _sql(step: Step, scope: Scope) -> Write | None:
    statement = step.call.argument(0)
    text = sql_text(statement, scope, step)
    match = _INSERT.match(text) if text else None
    if text is None or match is None:
        return None
    table = match["table"]
    return Write("insert", None, f"a row of `{table}`", {}, bool(_UPSERT.search(text)), False)


def sql_text(node: e.AnyExpression | None, scope: Scope, step: Step) -> str | None:
    """The text of a statement: a literal, an f-string with its values left out, or a name for one."""
    match node:
        case e.Constant():
            return e.literal_text(node)
        case e.Text(parts=parts):
            return "".join(e.literal_text(part) or "x" for part in parts)
        case e.Call(arguments=(first, *_)) if (e.dotted(node.function) or "").rpartition(".")[2] == "text":
            return sql_text(first, scope, step)
        case e.Operation(operators=("+" | "%", *_), operands=(first, second)):
            return (sql_text(first, scope, step) or "") + (sql_text(second, scope, step) or " ")
        case e.Name(id=name):
            reaching = scope.reaching(name, step.place, node.at) if name in scope.bindings else None
            if reaching and len(reaching) == 1 and reaching[0].kind == "assign":
                value = reaching[0].value
                return sql_text(value, scope, step) if not isinstance(value, e.Name) else None
            return e.literal_text(scope.module.summary.variables.get(name))
        case _:
            return None
