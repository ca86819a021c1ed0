"""HTTP: what every client's channel reports and breaks, with the real client against a real server."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from http_callers import CALLERS, Caller

from pytest_jobkit.retry_safety import Report, RetrySafety, World, world
from pytest_jobkit.retry_safety.channels import Patches, wanted_channels


@pytest.fixture(params=CALLERS)
def caller(request: pytest.FixtureRequest) -> Caller:
    return CALLERS[request.param]


@pytest.fixture
def shop(gateway) -> World:
    @world
    def shop() -> Iterator[Any]:
        gateway.charges.clear()
        gateway.keys.clear()
        yield gateway

    return shop


def job_of(caller: Caller, *request: Any, watch: Callable[[Any], None] | None = None) -> Callable[[], Any]:
    """A job, sync or async as the client is, that makes one request; `watch` gets the status or the error.

    A part of the request that is a function is called in each delivery.
    """

    def parts() -> list[Any]:
        return [part() if callable(part) else part for part in request]

    if inspect.iscoroutinefunction(caller.call):

        async def job() -> None:
            try:
                ended = await caller.call(*parts())
            except Exception as error:
                if watch is None:
                    raise
                ended = error
            if watch is not None:
                watch(ended)

        return job

    def sync_job() -> None:
        try:
            ended = caller.call(*parts())
        except Exception as error:
            if watch is None:
                raise
            ended = error
        if watch is not None:
            watch(ended)

    return sync_job


def effects(report: Report) -> list[str]:
    return [effect.what for effect in report.base.deliveries[0].effects]


def test_a_charge_without_a_key_is_made_twice(caller, gateway, shop, retry_safety: RetrySafety):
    job = job_of(caller, "POST", f"{gateway.url}/charges", {"order": 1}, {})

    report = retry_safety(job, world=shop)

    assert effects(report) == ["POST /charges {order: 1}"]
    assert report.schedule == "rs1:1.noack1"
    assert report.channel("http").duplicates == 1


def test_a_charge_with_a_key_is_made_once_after_any_number_of_faults(caller, gateway, shop, retry_safety: RetrySafety):
    job = job_of(caller, "POST", f"{gateway.url}/charges", {"order": 1}, {"Idempotency-Key": "order-1"})

    report = retry_safety(job, world=shop)

    assert report.safe, report
    assert report.closed


def test_one_key_with_two_bodies_is_a_finding_of_its_own(caller, gateway, shop, retry_safety: RetrySafety):
    def body() -> dict[str, int]:
        return {"charges so far": len(gateway.charges)}

    job = job_of(caller, "POST", f"{gateway.url}/charges", body, {"Idempotency-Key": "order-1"})

    report = retry_safety(job, world=shop, kinds="noack")

    assert [finding.kind for finding in report.findings] == ["same key, different body"]


def test_reading_is_no_write_and_may_be_repeated(caller, gateway, shop, retry_safety: RetrySafety):
    report = retry_safety(job_of(caller, "GET", f"{gateway.url}/charges", None, {}), world=shop)

    [effect] = report.base.deliveries[0].effects
    assert (effect.channel, effect.operation.name, effect.operation.reads) == ("http", "GET /charges", True)
    assert report.safe
    assert report.closed


@pytest.mark.parametrize(("fault", "took_place"), [("before", 0), ("after", 1)])
def test_the_injected_error_is_the_clients_own(
    caller, gateway, shop, fault: str, took_place: int, retry_safety: RetrySafety
):
    ended: list[tuple[Any, int]] = []
    job = job_of(
        caller, "POST", f"{gateway.url}/charges", {"order": 1}, {},
        watch=lambda answer: ended.append((answer, len(gateway.charges))),
    )  # fmt: skip

    retry_safety(job, world=shop, kinds=fault)

    [(error, charges), *_] = [(answer, charges) for answer, charges in ended if isinstance(answer, Exception)]
    assert isinstance(error, caller.refused if fault == "before" else caller.unanswered)
    assert charges == took_place


def test_a_refused_request_did_not_take_place(caller, gateway, shop, retry_safety: RetrySafety):
    ended: list[Any] = []
    job = job_of(caller, "POST", f"{gateway.url}/refused", {"order": 1}, {}, watch=ended.append)

    report = retry_safety(job, world=shop, kinds="noack kill")

    assert [effect.state for effect in report.base.deliveries[0].effects] == ["failed"]
    assert set(ended) == {402}
    assert report.safe


def test_the_clients_are_their_own_again_when_the_check_ends():
    before = {name: inspect.getattr_static(*place) for name, place in HOOKED.items()}
    patches = Patches()
    for channel in wanted_channels():
        channel.install(patches)
    during = {name: inspect.getattr_static(*place) for name, place in HOOKED.items()}
    patches.undo()

    assert all(during[name] is not before[name] for name in HOOKED)
    assert {name: inspect.getattr_static(*place) for name, place in HOOKED.items()} == before


def _hooked() -> dict[str, tuple[type, str]]:
    import http.client

    import aiohttp
    import botocore.httpsession
    import httpx
    import requests
    import urllib3

    return {
        "requests": (requests.Session, "send"),
        "urllib3": (urllib3.HTTPConnectionPool, "urlopen"),
        "httpx": (httpx.Client, "send"),
        "httpx async": (httpx.AsyncClient, "send"),
        "aiohttp": (aiohttp.ClientSession, "_request"),
        "botocore": (botocore.httpsession.URLLib3Session, "send"),
        "http.client": (http.client.HTTPConnection, "getresponse"),
    }


HOOKED = _hooked()
