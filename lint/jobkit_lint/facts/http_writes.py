"""Calls that send a request which changes something at its receiver. The value is the HTTP method."""

from __future__ import annotations

import re
from itertools import product

from jobkit_lint.facts.patterns import PathTable

_CLIENTS = (
    "requests", "requests.Session()", "requests.session()", "requests.sessions.Session()", "httpx", "httpx.Client()",
    "httpx.AsyncClient()", "aiohttp.ClientSession()", "niquests", "niquests.Session()", "urllib3.PoolManager()",
)  # fmt: skip

HTTP_WRITES: PathTable[str] = PathTable(
    {f"{client}.{method}": method.upper() for client, method in product(_CLIENTS, ("post", "patch"))}
)
# addresses at which a POST only asks
ASKING = re.compile(r"search|graphql|query|oauth|/token|login|/auth|jsonrpc|_bulk_get|introspect|lookup", re.I)
