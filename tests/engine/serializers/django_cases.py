"""Django model instances as arguments, on a real sqlite database.

Django's settings belong to a whole process: `test_django_models.py` runs this file in one of its own.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import django
import pytest
from django.apps import AppConfig
from django.conf import settings

THIS = sys.modules[__name__]


class ShopConfig(AppConfig):
    label = "shop"
    default_auto_field = "django.db.models.BigAutoField"


settings.configure(
    INSTALLED_APPS=[ShopConfig("shop", THIS)],
    DATABASES={
        alias: {"ENGINE": "django.db.backends.sqlite3", "NAME": f"file:{alias}?mode=memory&cache=shared"}
        for alias in ("default", "archive")
    },
    USE_TZ=True,
)
django.setup()

from django.core.files.base import ContentFile  # noqa: E402 - models need the settings
from django.db import connection, connections, models  # noqa: E402 - as above
from django.http import HttpRequest  # noqa: E402 - as above
from django.utils.functional import SimpleLazyObject  # noqa: E402 - as above
from django.utils.translation import gettext_lazy  # noqa: E402 - as above

from jobkit.errors import DeserializationError, RecordNotFound, SerializationError  # noqa: E402 - as above
from jobkit.serializers import (  # noqa: E402 - as above
    audit_arguments,
    decode_arguments,
    encode_arguments,
    register_reference,
)


class Visible(models.Manager[Any]):
    def get_queryset(self) -> Any:
        return super().get_queryset().filter(hidden=False)


class Customer(models.Model):
    name = models.TextField()
    hidden = models.BooleanField(default=False)
    objects = Visible()

    class Meta:
        app_label = "shop"


class Premium(Customer):
    class Meta:
        app_label = "shop"
        proxy = True


class Voucher(models.Model):
    code = models.TextField()

    class Meta:
        app_label = "shop"


class Parcel(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)

    class Meta:
        app_label = "shop"


class Stock(models.Model):
    pk = models.CompositePrimaryKey("shop", "sku")
    shop = models.TextField()
    sku = models.IntegerField()

    class Meta:
        app_label = "shop"


TABLES = (Customer, Voucher, Parcel, Stock)


@pytest.fixture(autouse=True)
def tables() -> Iterator[None]:
    for alias in connections:
        with connections[alias].schema_editor() as editor:
            for model in TABLES:
                editor.create_model(model)
    yield
    for alias in connections:
        with connections[alias].schema_editor() as editor:
            for model in TABLES:
                editor.delete_model(model)


@pytest.fixture
def ada() -> Customer:
    return Customer.objects.create(name="Ada")


def queued(value: object) -> list[Any]:
    message: list[Any] = json.loads(json.dumps(encode_arguments([value], {})))
    return message


def arrived(value: object) -> Any:
    return decode_arguments(*queued(value))[0][0]


def refusal(value: object) -> str:
    with pytest.raises(SerializationError) as caught:
        encode_arguments([value], {})
    return str(caught.value)


def test_the_label_and_the_primary_key_are_stored(ada: Customer) -> None:
    assert queued(ada)[0] == [{"_jobkit_type": "reference", "source": "django", "class": "shop.Customer", "key": 1}]


def test_the_job_gets_the_row_as_it_is_when_it_runs(ada: Customer) -> None:
    message = queued({"customers": [ada]})

    Customer.objects.update(name="Ada Lovelace")

    [first], _ = decode_arguments(*message)
    [second], _ = decode_arguments(*message)
    assert first["customers"] == [ada]
    assert first["customers"][0].name == "Ada Lovelace"
    assert first["customers"][0] is not second["customers"][0]


def test_a_deleted_row_is_not_found_and_djangos_own_error_is_the_cause(ada: Customer) -> None:
    message = queued(ada)

    Customer.objects.all().delete()

    with pytest.raises(RecordNotFound, match=r"shop\.Customer with the key 1 is gone") as gone:
        decode_arguments(*message)
    assert isinstance(gone.value.__cause__, Customer.DoesNotExist)


def test_a_row_that_the_default_manager_hides_is_still_found(ada: Customer) -> None:
    ada.hidden = True
    ada.save()

    assert arrived(ada) == ada


def test_a_proxy_model_comes_back_as_such(ada: Customer) -> None:
    assert type(arrived(Premium.objects.get())) is Premium


def test_uuid_and_composite_keys_travel() -> None:
    assert arrived(parcel := Parcel.objects.create()) == parcel
    assert arrived(stock := Stock.objects.create(shop="eu", sku=7)) == stock


def test_a_row_of_another_database_is_fetched_from_there() -> None:
    archived = Customer.objects.using("archive").create(name="Grace")

    assert queued(archived)[0][0]["database"] == "archive"
    assert arrived(archived)._state.db == "archive"


def test_the_lazy_user_of_a_request_is_the_user(ada: Customer) -> None:
    lazy = SimpleLazyObject(lambda: Customer.objects.get())

    assert type(arrived(lazy)) is Customer


@pytest.mark.parametrize("unsaved", [Customer(name="Ada"), Stock(), Stock(shop="eu")], ids=["id", "both", "one"])
def test_an_instance_without_primary_key_is_refused(unsaved: models.Model) -> None:
    message = refusal(unsaved)

    assert f"arguments[0]: an unsaved {unsaved._meta.label}, which has no primary key, cannot" in message
    assert "Save it (and commit) before the job is enqueued" in message


def test_an_instance_that_has_a_key_but_was_never_saved_is_refused() -> None:
    assert "an unsaved shop.Parcel, whose primary key UUID(" in refusal(Parcel())


def test_a_deleted_instance_is_refused(ada: Customer) -> None:
    ada.delete()

    assert "an unsaved shop.Customer" in refusal(ada)


def test_an_error_of_the_database_is_the_cause_of_a_deserialization_error(ada: Customer) -> None:
    message = queued(ada)

    def unreachable(*_: object) -> None:
        raise ConnectionError("the database is down")

    with (
        connection.execute_wrapper(unreachable),
        pytest.raises(DeserializationError, match="the database is down") as caught,
    ):
        decode_arguments(*message)
    assert not isinstance(caught.value, RecordNotFound)
    assert isinstance(caught.value.__cause__, ConnectionError)


def test_a_model_that_was_removed_is_a_deserialization_error(ada: Customer) -> None:
    [[stored], _] = queued(ada)

    with pytest.raises(DeserializationError, match=r"arguments\[0\] cannot be turned back .*LookupError") as caught:
        decode_arguments([{**stored, "class": "shop.Gone"}], {})
    assert not isinstance(caught.value, RecordNotFound)


@pytest.mark.parametrize(
    ("make", "what", "advice"),
    [
        (Customer.objects.all, "a QuerySet", "values_list"),
        (lambda: Customer.objects, "a model manager", "query in the job"),
        (HttpRequest, "a request", "ids, form fields, the URL"),
        (lambda: gettext_lazy("Order"), "a lazy translation", "str(value)"),
        (lambda: connections["archive"], "a database connection", "Open it in the job"),
        (lambda: ContentFile(b""), "a file of Django", "pass its path"),
        (lambda: SimpleLazyObject(object), "a lazy object of Django", "its id"),
        (lambda: Mock(spec=Customer), "a mock", "a real value"),
    ],
)
def test_the_usual_culprits_are_called_by_their_names(make: Any, what: str, advice: str) -> None:
    message = refusal(make())

    assert message.startswith(f"arguments[0]: {what} cannot be stored with a job. ")
    assert advice in message


def test_djangos_default_connection_is_refused_as_a_connection() -> None:
    assert "a database connection cannot be stored with a job. Open it in the job" in refusal(connection)


def test_the_audit_says_that_a_model_needs_to_be_passed_by_id(ada: Customer) -> None:
    [change] = audit_arguments([ada], {})

    assert str(change) == "arguments[0]: a Customer is refused. Pass its id, and load it in the job."


def test_a_registration_for_a_model_goes_before_djangos_own_reference() -> None:
    register_reference(Voucher, lambda voucher: voucher.code, lambda code: Voucher.objects.get(code=code))
    voucher = Voucher.objects.create(code="SUMMER")

    assert queued(voucher)[0][0]["key"] == "SUMMER"
    assert arrived(voucher) == voucher
