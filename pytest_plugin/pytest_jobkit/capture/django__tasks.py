"""Django's own tasks, from Django 6.0 on."""

from __future__ import annotations

from pytest_jobkit.capture.task_backends import TaskBackendsCapture


class DjangoTasksCapture(TaskBackendsCapture):
    """Every backend of ``django.tasks``."""

    framework = "django.tasks"
    label = "Django Tasks"
    distribution = "django"
    package = "django.tasks"
    known_versions = ("6.1",)
