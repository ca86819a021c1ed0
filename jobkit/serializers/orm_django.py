"""Django model instances as references: by their model's label and primary key, fetched with the base manager."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from jobkit.serializers.record_errors import gone, unsaved


def reference_members(value: object) -> dict[str, Any] | None:
    """What names the record; None if the value is no model instance. Django is never imported for it.

    Raises:
        Unsupported: for an instance that was not saved.
    """
    model_class = getattr(sys.modules.get("django.db.models.base"), "Model", None)
    if model_class is None:
        return None
    record: Any = value
    lazy_class = getattr(sys.modules.get("django.utils.functional"), "LazyObject", None)
    if lazy_class is not None and issubclass(type(value), lazy_class) and isinstance(value, model_class):
        record = record._wrapped  # request.user is such an object; isinstance has made it load the user
    if not issubclass(type(record), model_class):  # isinstance would believe a mock made with spec=Model
        return None
    meta, key = record._meta, record.pk
    if key is None or (isinstance(key, tuple) and None in key):
        raise unsaved(meta.label)
    if record._state.adding:
        raise unsaved(meta.label, f"whose primary key {key!r} was set without saving it")
    members = {"source": "django", "class": meta.label, "key": key}
    if record._state.db not in (None, "default"):
        members["database"] = record._state.db
    return members


def fetch(members: dict[str, Any]) -> object:
    """The record as the database has it now.

    The base manager is asked, so that a default manager that hides rows does not make them gone.

    Raises:
        RecordNotFound: if the row is gone.
    """
    model = import_module("django.apps").apps.get_model(members["class"])
    try:
        return model._base_manager.using(members.get("database")).get(pk=members["key"])
    except model.DoesNotExist as error:
        raise gone(members["class"], members["key"]) from error
