"""HTTP: layers that lie on each other, clients of tests, and what AWS's own client adds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import botocore.session
import httpx
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

from pytest_jobkit.retry_safety import Report, RetrySafety, World, world


@pytest.fixture
def shop(gateway) -> World:
    @world
    def shop() -> Iterator[Any]:
        gateway.charges.clear()
        gateway.keys.clear()
        yield gateway

    return shop


@world
def elsewhere() -> Iterator[None]:
    """What the service remembers is out of sight; the ledger alone judges."""
    yield None


def effects(report: Report) -> list[str]:
    return [effect.what for effect in report.base.deliveries[0].effects]


def test_the_outermost_of_several_layers_reports(gateway, shop, retry_safety: RetrySafety):
    """requests lies on urllib3, which lies on http.client; a charge is one effect, not three."""

    def job():
        requests.post(f"{gateway.url}/charges", data={"order": "1"}, timeout=5)

    assert effects(retry_safety(job, world=shop, kinds="kill")) == ["POST /charges {order: 1}"]


def test_a_transport_of_a_test_is_seen_too(retry_safety: RetrySafety):
    charges: dict[bytes, int] = {}

    @world
    def fake() -> Iterator[dict[bytes, int]]:
        charges.clear()
        yield charges

    def answer(request: httpx.Request) -> httpx.Response:
        known = request.content in charges
        charges[request.content] = 1
        return httpx.Response(201, headers={"Idempotent-Replayed": "true"} if known else {})

    def job():
        with httpx.Client(transport=httpx.MockTransport(answer)) as client:
            client.post("https://pay.example/charges", json={"order": 1})

    report = retry_safety(job, world=fake)

    assert effects(report) == ["POST pay.example/charges {order: 1}"]
    assert report.safe, "the second answer says that it was replayed"


def test_two_long_bodies_with_the_same_beginning_are_two_events(gateway, shop, retry_safety: RetrySafety):
    def job():
        for last in "ab":
            requests.post(f"{gateway.url}/charges", data="x" * 200 + last, timeout=5)

    first, second = effects(retry_safety(job, world=shop, kinds="kill"))

    assert first != second


def client_of_aws(service: str, url: str) -> Any:
    session = botocore.session.get_session()
    return session.create_client(
        service, region_name="eu-central-1", endpoint_url=url, aws_access_key_id="x", aws_secret_access_key="y",
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )  # fmt: skip


def test_storing_the_same_object_again_changes_nothing(gateway, retry_safety: RetrySafety):
    s3 = client_of_aws("s3", gateway.url)

    def job():
        s3.put_object(Bucket="reports", Key="monday.txt", Body=b"all well")

    report = retry_safety(job, world=elsewhere)

    assert effects(report) == ["PUT /reports/monday.txt all well"]
    assert report.safe, report
    assert report.closed


def test_a_message_to_a_queue_of_aws_is_sent_twice(gateway, retry_safety: RetrySafety):
    sqs = client_of_aws("sqs", gateway.url)

    def job():
        sqs.send_message(QueueUrl=f"{gateway.url}/1/orders", MessageBody="order 1")

    report = retry_safety(job, world=elsewhere)

    assert [effect.operation.name for effect in report.base.deliveries[0].effects] == ["SendMessage"]
    assert report.channel("http").duplicates == 1


def test_a_client_token_of_aws_is_an_idempotency_key(gateway, retry_safety: RetrySafety):
    sqs = client_of_aws("sqs", gateway.url)

    def job():
        sqs.send_message(
            QueueUrl=f"{gateway.url}/1/orders.fifo", MessageBody="order 1", MessageGroupId="a",
            MessageDeduplicationId="order-1",
        )  # fmt: skip

    report = retry_safety(job, world=elsewhere)

    assert report.base.deliveries[0].effects[0].key == "order-1"
    assert report.safe, report


def test_reading_from_aws_is_a_read(gateway, retry_safety: RetrySafety):
    sqs = client_of_aws("sqs", gateway.url)

    def job():
        sqs.get_queue_attributes(QueueUrl=f"{gateway.url}/1/orders", AttributeNames=["All"])

    report = retry_safety(job, world=elsewhere)

    assert [effect.operation.reads for effect in report.base.deliveries[0].effects] == [True]
    assert report.safe


def test_the_error_that_is_injected_is_botocores_own(gateway, retry_safety: RetrySafety):
    s3 = client_of_aws("s3", gateway.url)
    seen: list[Exception] = []

    def job():
        try:
            s3.put_object(Bucket="reports", Key="monday.txt", Body=b"all well")
        except EndpointConnectionError as error:
            seen.append(error)

    report = retry_safety(job, world=elsewhere, kinds="before")

    assert "did not take place" in str(seen[0])
    assert report.schedule == "rs1:1.before0"


def test_a_library_that_the_program_has_not_imported_is_not_imported_for_the_check():
    program = """
import sys
from pytest_jobkit.retry_safety import assert_retry_safe, world

@world
def nothing():
    yield []

assert_retry_safe(print, world=nothing)
loaded = [name for name in ("requests", "urllib3", "httpx", "aiohttp", "botocore", "redis", "psycopg", "sqlalchemy",
                            "django") if name in sys.modules]
assert not loaded, loaded
"""
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
