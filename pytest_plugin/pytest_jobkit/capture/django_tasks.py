"""The backport of Django Tasks, for Django before 6.0."""

from __future__ import annotations

from pytest_jobkit.capture.task_backends import TaskBackendsCapture


class DjangoTasksBackportCapture(TaskBackendsCapture):
    """Every backend of the package ``django_tasks``."""

    framework = "django_tasks"
    label = "django-tasks"
    distribution = "django-tasks"
    package = "django_tasks"
    known_versions = ("0.12",)
