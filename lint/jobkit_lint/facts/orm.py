"""What the methods of object-relational mappers give, by name."""

from __future__ import annotations

import re

# a class with one of these among its bases is a record of that mapper
MODEL_BASES = {
    "django.db.models.Model": "django",
    "sqlalchemy.orm.DeclarativeBase": "sqlalchemy",
    "sqlalchemy.orm.MappedAsDataclass": "sqlalchemy",
    "sqlalchemy.orm.declarative_base()": "sqlalchemy",
    "sqlalchemy.ext.declarative.declarative_base()": "sqlalchemy",
    "sqlalchemy.orm.registry().generate_base()": "sqlalchemy",
    "flask_sqlalchemy.SQLAlchemy().Model": "sqlalchemy",
    "sqlmodel.SQLModel": "sqlalchemy",
    "peewee.Model": "peewee",
    "tortoise.models.Model": "tortoise",
    "tortoise.Model": "tortoise",
    "mongoengine.Document": "mongoengine",
    "mongoengine.DynamicDocument": "mongoengine",
}

# bases of other packages that are Django models by every convention: ``taggit.models.TagBase``
DJANGO_BASE = re.compile(
    r"(?:.*\.)?(?:db\.)?models(?:\.\w+)*\.(?:\w*Model|Abstract\w+|\w+Base|Base\w+|\w+Mixin)$"
    r"|(?:model_utils|django_extensions|polymorphic|mptt|simple_history|wagtail|oscar|cms|treebeard)\..*models\..+"
)
DJANGO_MODEL = re.compile(r"django\.contrib\.\w+\.models\.(?P<name>[A-Z]\w*)")
# a class that is not among the files: only Django's mappers have ``objects`` on it
MANAGED = re.compile(r"(?:\w+\.)+(?P<name>[A-Z]\w*)\.objects\b")
USER_MODEL = "django.contrib.auth.get_user_model()"

QUERYSET_METHODS = frozenset(
    {
        "all", "annotate", "alias", "complex_filter", "dates", "datetimes", "defer", "difference", "distinct",
        "exclude", "extra", "filter", "get_queryset", "intersection", "iterator", "none", "only", "order_by",
        "prefetch_related", "reverse", "select_for_update", "select_related", "union", "using", "raw",
        "filter_by", "where", "join", "options", "limit", "offset",
    }
)  # fmt: skip
INSTANCE_METHODS = frozenset(
    {
        "get", "first", "last", "earliest", "latest", "create", "aget", "afirst", "alast", "aearliest",
        "alatest", "acreate", "one", "one_or_none", "get_or_404", "first_or_404", "get_or_none",
    }
)  # fmt: skip
PAIR_METHODS = frozenset({"get_or_create", "update_or_create", "aget_or_create", "aupdate_or_create"})
ROW_METHODS = frozenset({"values", "values_list"})
SCALAR_METHODS = frozenset(
    {
        "aggregate", "count", "exists", "update", "delete", "bulk_create", "bulk_update", "in_bulk", "aexists",
        "acount", "aupdate", "adelete", "contains", "scalar",
    }
)  # fmt: skip
RELATIONS = frozenset({"ForeignKey", "OneToOneField", "ParentalKey"})
DJANGO_LOOKUPS = frozenset({"django.shortcuts.get_object_or_404", "django.shortcuts.aget_object_or_404"})
SAVERS = {
    "django.forms.ModelForm": ("save",),
    "rest_framework.serializers.ModelSerializer": ("save",),
    "django.contrib.auth.forms.UserCreationForm": ("save",),
}
VIEW_BASES = re.compile(r"(?:django\.views\.generic|rest_framework\.(?:generics|viewsets|mixins))\..*")
SIGNALS = frozenset(
    {
        f"django.db.models.signals.{name}"
        for name in ("pre_save", "post_save", "pre_delete", "post_delete", "m2m_changed")
    }
)
