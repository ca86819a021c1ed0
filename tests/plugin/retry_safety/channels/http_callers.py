"""One request through each HTTP client that has a channel, all with the same signature."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

import aiohttp
import httpx
import requests
import urllib3


def with_requests(method: str, url: str, body: object, headers: dict[str, str]) -> int:
    return requests.request(method, url, json=body, headers=headers, timeout=5).status_code


def with_urllib3(method: str, url: str, body: object, headers: dict[str, str]) -> int:
    with urllib3.PoolManager(retries=False) as pool:
        return pool.request(method, url, body=None if body is None else json.dumps(body), headers=headers).status


def with_httpx(method: str, url: str, body: object, headers: dict[str, str]) -> int:
    with httpx.Client() as client:
        return client.request(method, url, json=body, headers=headers).status_code


async def with_async_httpx(method: str, url: str, body: object, headers: dict[str, str]) -> int:
    async with httpx.AsyncClient() as client:
        return (await client.request(method, url, json=body, headers=headers)).status_code


async def with_aiohttp(method: str, url: str, body: object, headers: dict[str, str]) -> int:
    async with aiohttp.ClientSession() as session, session.request(method, url, json=body, headers=headers) as response:
        await response.read()
        return response.status


def with_http_client(method: str, url: str, body: object, headers: dict[str, str]) -> int:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=5)
    try:
        connection.request(method, parts.path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def with_urllib(method: str, url: str, body: object, headers: dict[str, str]) -> int:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.status
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code


class Caller(NamedTuple):
    """A client, with the errors that it raises when nobody takes the request and when the answer is lost."""

    call: Callable[..., object]
    refused: type[BaseException]
    unanswered: type[BaseException]


CALLERS = {
    "requests": Caller(with_requests, requests.ConnectionError, requests.ReadTimeout),
    "urllib3": Caller(with_urllib3, urllib3.exceptions.ProtocolError, urllib3.exceptions.ReadTimeoutError),
    "httpx": Caller(with_httpx, httpx.ConnectError, httpx.ReadTimeout),
    "httpx async": Caller(with_async_httpx, httpx.ConnectError, httpx.ReadTimeout),
    "aiohttp": Caller(with_aiohttp, aiohttp.ClientConnectionError, aiohttp.ServerTimeoutError),
    "http.client": Caller(with_http_client, ConnectionRefusedError, TimeoutError),
    "urllib.request": Caller(with_urllib, OSError, TimeoutError),
}
