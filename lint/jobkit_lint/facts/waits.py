"""Calls that wait for somebody else, for ever unless they are told how long: HTTP, sockets, mail, subprocesses."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from jobkit_lint.facts.patterns import PathTable


@dataclass(frozen=True, slots=True)
class Wait:
    """One such call. `what` it waits for, `position` of the timeout among the arguments (None: by keyword only).

    `keyword` is its name. `has_default`: without it there is a limit, so that only an explicit None is endless.
    `is_process`: it waits for a process of this machine, which a time limit of the job ends as well.
    """

    what: str
    position: int | None = None
    keyword: str = "timeout"
    has_default: bool = False
    is_process: bool = False


_VERBS = ("get", "options", "head", "post", "put", "patch", "delete", "request")
_HTTP = Wait("the server")
_LIMITED = Wait("the server", has_default=True)
_PROCESS = Wait("the process", is_process=True)

WAITS: PathTable[Wait] = PathTable(
    {
        **{f"requests.{prefix}{verb}": _HTTP for prefix, verb in product(("", "api."), _VERBS)},
        **{f"requests.{name}().{verb}": _HTTP for name, verb in product(("Session", "session"), _VERBS)},
        "urllib.request.urlopen": Wait("the server", 2),
        "smtplib.SMTP": Wait("the mail server", 3),
        "smtplib.SMTP_SSL": Wait("the mail server"),
        "ftplib.FTP": Wait("the server", 4),
        "ftplib.FTP_TLS": Wait("the server"),
        "telnetlib.Telnet": Wait("the server", 2),
        "socket.create_connection": Wait("the server", 1),
        **{f"subprocess.{name}": _PROCESS for name in ("run", "call", "check_call", "check_output")},
        "subprocess.Popen().wait": Wait("the process", 0, is_process=True),
        "subprocess.Popen().communicate": Wait("the process", 1, is_process=True),
        **{f"httpx.{verb}": _LIMITED for verb in (*_VERBS, "stream", "Client", "AsyncClient")},
        **{f"httpx.{name}().{verb}": _LIMITED for name, verb in product(("Client", "AsyncClient"), _VERBS)},
        "aiohttp.ClientSession": _LIMITED,
        "aiohttp.request": _LIMITED,
        **{f"aiohttp.ClientSession().{verb}": _LIMITED for verb in _VERBS},
    }
)
