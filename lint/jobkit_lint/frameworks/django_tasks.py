"""Django Tasks: ``django.tasks`` of Django 6, and its backport. Semantics: docs.djangoproject.com, "Tasks"."""

from __future__ import annotations

from jobkit_lint.frameworks.model import Decorator, Framework, Method, Packing, Retries

FRAMEWORK = Framework(
    name="django_tasks",
    title="Django Tasks",
    packages=("django.tasks", "django_tasks"),
    serializer="json",
    aliases={"django.tasks.base.task": "django.tasks.task", "django_tasks.base.task": "django_tasks.task"},
    decorators=(Decorator("django.tasks.task"), Decorator("django_tasks.task")),
    methods=(
        Method("enqueue", Packing()),
        Method("aenqueue", Packing(), is_coroutine=True, strong=True),
    ),
    builders=("using",),
    name_options=(),
    bound_option="takes_context",
    retries=Retries(),
    options=frozenset({"priority", "queue_name", "backend", "takes_context", "run_after"}),
    rerun="the backend may run it again after a lost worker",
)
