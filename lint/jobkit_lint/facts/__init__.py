"""What the linter knows of libraries, as data: payments, notifications, values, other spellings of a path."""

from __future__ import annotations

from jobkit_lint.facts.notifications import NOTIFICATIONS
from jobkit_lint.facts.payments import PAYMENTS

_SPELLINGS = {
    "django.core.mail.message.EmailMessage": "django.core.mail.EmailMessage",
    "django.core.mail.message.EmailMultiAlternatives": "django.core.mail.EmailMultiAlternatives",
    "django.db.models.base.Model": "django.db.models.Model",
    "django.contrib.gis.db.models.Model": "django.db.models.Model",
    "django.forms.models.ModelForm": "django.forms.ModelForm",
    "sqlalchemy.orm.session.Session": "sqlalchemy.orm.Session",
    "flask.globals.request": "flask.request",
    "redis.client.Redis": "redis.Redis",
    "twilio.rest.TwilioRestClient": "twilio.rest.Client",
    "slack_sdk.web.WebClient": "slack_sdk.WebClient",
}

# libraries that are never looked for in the project, whatever files it has
FOREIGN = frozenset(
    {
        *PAYMENTS.libraries, *NOTIFICATIONS.libraries, "aiohttp", "boto3", "botocore", "django", "fastapi",
        "flask", "flask_sqlalchemy", "httpx", "mongoengine", "numpy", "pandas", "peewee", "psycopg",
        "psycopg2", "pydantic", "redis", "requests", "rest_framework", "sqlalchemy", "sqlmodel", "starlette",
        "tortoise", "urllib3",
    }
) - {"emails", "notifications", "square", "post_office"}  # fmt: skip


def fact_aliases() -> dict[str, str]:
    """Other spellings of external paths, to the one that the tables use."""
    return dict(_SPELLINGS)
