"""Records: which classes are ORM models, their unique constraints, and what an expression over them gives."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from jobkit_lint.facts import orm
from jobkit_lint.index.names import Names
from jobkit_lint.index.symbols import Class, Origin
from jobkit_lint.tree import expressions as e

_STEPS = re.compile(r"\.(\w+)|(\(\))|(\[[^\]]*\])")


@dataclass(frozen=True, slots=True)
class Model:
    """An ORM class. `class_` is None for one of another package. `mapper` is django, sqlalchemy, ..."""

    name: str
    mapper: str
    class_: Class | None


@dataclass(frozen=True, slots=True)
class Query:
    """What an expression over a model gives. `state`: class, manager, records, record, pair, rows, scalar, unknown."""

    model: Model
    state: str
    is_sure: bool = True


class Models:
    """Knows the models of the project and of well-known packages."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self._models: dict[Class, Model | None] = {}

    def of_class(self, class_: Class) -> Model | None:
        """The model that a class of the project is, or None."""
        if class_ not in self._models:
            self._models[class_] = None
            for ancestor in self.names.lineage(class_)[1:]:
                if not isinstance(ancestor, str):
                    continue
                mapper = orm.MODEL_BASES.get(ancestor)
                if ancestor == "sqlmodel.SQLModel" and not self._is_table(class_):
                    continue
                if mapper is None and (orm.DJANGO_BASE.fullmatch(ancestor) or orm.DJANGO_MODEL.fullmatch(ancestor)):
                    mapper = "django"
                if mapper is not None:
                    self._models[class_] = Model(class_.name, mapper, class_)
                    break
        return self._models[class_]

    def _is_table(self, class_: Class) -> bool:
        """Whether a class of SQLModel is a table's; without ``table=True`` it is a schema."""
        for ancestor in self.names.lineage(class_):
            for word in ancestor.code.keywords if isinstance(ancestor, Class) else ():
                if word.name == "table":
                    return e.is_constant(word.value, True)
        return False

    def split(self, origin: Origin) -> tuple[Model, tuple[str, ...]] | None:
        """The model that an origin starts from, and the steps after it."""
        if isinstance(origin.root, Class):
            model = self.of_class(origin.root)
            return (model, origin.trail) if model is not None else None
        if not isinstance(origin.root, str):
            return None
        path = origin.root
        if path.startswith(orm.USER_MODEL):
            return Model("User", "django", None), _steps(path[len(orm.USER_MODEL) :])
        match = orm.DJANGO_MODEL.match(path)
        if match is not None:
            return Model(match["name"], "django", None), _steps(path[match.end() :])
        match = orm.MANAGED.match(path)
        if match is not None:
            return Model(match["name"], "django", None), _steps(path[match.end() - len(".objects") :])
        for lookup in orm.DJANGO_LOOKUPS:
            if path.startswith(f"{lookup}()"):
                return Model("record", "django", None), ("()", *_steps(path[len(lookup) + 2 :]))
        return None

    def query(self, origin: Origin) -> Query | None:
        """What a value is, if it comes from a model; None if it does not."""
        found = self.split(origin)
        if found is None:
            return None
        model, trail = found
        state, sure = "class", True
        index = 0
        while index < len(trail):
            step = trail[index]
            is_call = index + 1 < len(trail) and trail[index + 1] == "()"
            state, sure, used = self._next(model, state, sure, step, is_call)
            index += used
        return Query(model, state, sure)

    def _next(self, model: Model, state: str, sure: bool, step: str, is_call: bool) -> tuple[str, bool, int]:
        """The state after one step (or a step and its call): with whether that is sure, and steps used."""
        if state == "class":
            if step == "()":
                return "record", sure, 1
            if step == "query" and model.mapper == "sqlalchemy":
                return "records", sure, 1
            if is_call and model.mapper != "django":
                if step in orm.QUERYSET_METHODS or step in orm.INSTANCE_METHODS or step in orm.PAIR_METHODS:
                    return _queried(step, sure)
                return "unknown", False, 2
            if step in ("objects", "_default_manager", "_base_manager") or self._is_manager(model, step):
                return "manager", sure, 1
            return "unknown", False, 1
        if state in ("manager", "records"):
            if is_call:
                return _queried(step, sure)
            if step == "[]":
                return "record", sure, 1
            return ("records", sure, 1) if step == "[:]" else ("unknown", False, 1)
        if state == "pair":
            return ("record", sure, 1) if step in ("[0]", "[]") else ("scalar", sure, 1)
        if state == "rows":
            return ("rows" if step == "[:]" or is_call else "scalar"), sure, 2 if is_call else 1
        if state == "record" and not is_call:
            return self._field(model, step)
        if state == "unknown" and is_call and step in ("all", "filter", "exclude"):
            return "records", False, 2
        return "unknown", False, 2 if is_call else 1

    def _is_manager(self, model: Model, name: str) -> bool:
        if model.class_ is None:
            return False
        found = self.names.class_value(model.class_, name)
        if found is None or not isinstance(found[0], e.Call):
            return False
        shown = e.dotted(found[0].function) or ""
        return "manager" in shown.lower() or shown.endswith("as_manager") or shown.endswith("from_queryset")

    def _field(self, model: Model, name: str) -> tuple[str, bool, int]:
        if name in ("pk", "id") or name.endswith(("_id", "_pk")):
            return "scalar", True, 1
        value = self.names.class_value(model.class_, name) if model.class_ is not None else None
        if value is not None and isinstance(value[0], e.Call):
            kind = (e.dotted(value[0].function) or "").rpartition(".")[2]
            return ("related" if kind in orm.RELATIONS else "scalar"), True, 1
        return "unknown", False, 1

    def unique_fields(self, model: Model) -> tuple[frozenset[str], ...]:
        """The sets of fields of which no two rows agree, as far as the class says so."""
        if model.class_ is None:
            return ()
        found: list[frozenset[str]] = []
        for class_ in self.names.lineage(model.class_):
            if isinstance(class_, Class):
                found += _Constraints(class_).all
        return tuple(found)


def _queried(step: str, sure: bool) -> tuple[str, bool, int]:
    if step in orm.QUERYSET_METHODS:
        return "records", sure, 2
    if step in orm.INSTANCE_METHODS:
        return "record", True, 2
    if step in orm.PAIR_METHODS:
        return "pair", True, 2
    if step in orm.ROW_METHODS:
        return "rows", sure, 2
    if step in orm.SCALAR_METHODS:
        return "scalar", True, 2
    # a method of the project's own manager: it mostly gives a queryset, but that is not sure
    return "records", False, 2


def _steps(text: str) -> tuple[str, ...]:
    return tuple(match[1] or match[2] or match[3] for match in _STEPS.finditer(text))


class _Constraints:
    """The unique constraints that one class declares."""

    def __init__(self, class_: Class) -> None:
        self.code = class_.code

    @cached_property
    def all(self) -> list[frozenset[str]]:
        found = [frozenset({name}) for name, value in self.code.attributes.items() if _is_unique(value)]
        primary = [name for name, value in self.code.attributes.items() if _has_true(value, "primary_key")]
        if primary:
            found.append(frozenset(primary))
        meta = self.code.classes.get("Meta")
        if meta is not None:
            found += _field_sets(meta.attributes.get("unique_together"))
            found += _constraint_calls(meta.attributes.get("constraints"))
        found += _constraint_calls(self.code.attributes.get("__table_args__"))
        return found


def _is_unique(value: e.AnyExpression) -> bool:
    if not isinstance(value, e.Call):
        return False
    kind = (e.dotted(value.function) or "").rpartition(".")[2]
    return kind == "OneToOneField" or _has_true(value, "unique")


def _has_true(value: e.AnyExpression, keyword: str) -> bool:
    return isinstance(value, e.Call) and e.is_constant(value.keyword(keyword), True)


def _field_sets(value: e.AnyExpression | None) -> list[frozenset[str]]:
    if not isinstance(value, e.Collection):
        return []
    texts = [e.literal_text(item) for item in value.items]
    if texts and all(texts):
        return [frozenset(text for text in texts if text)]
    found = []
    for item in value.items:
        found += _field_sets(item)
    return found


def _constraint_calls(value: e.AnyExpression | None) -> list[frozenset[str]]:
    if not isinstance(value, e.Collection):
        return []
    found: list[frozenset[str]] = []
    for item in value.items:
        if not isinstance(item, e.Call) or not (e.dotted(item.function) or "").endswith("UniqueConstraint"):
            continue
        fields = item.keyword("fields")
        names = [e.literal_text(argument) for argument in item.arguments]
        if fields is not None:
            # a condition narrows the constraint: rows outside of it may repeat
            found += [] if item.keyword("condition") is not None else _field_sets(fields)
        elif names and all(names):
            found.append(frozenset(name for name in names if name))
    return found
