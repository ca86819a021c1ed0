"""Nothing of a captured framework reaches a network: a call that would connect fails, and says for which job."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jobkit.current import current_delivery
from jobkit.errors import JobkitError
from pytest_jobkit.capture.frames import is_user_code, user_frames

if TYPE_CHECKING:
    from types import FrameType

    from pytest_jobkit.capture.base import Capture


#: where the clients of brokers and databases open a connection: module, class, function
CONNECTIONS = (
    ("redis.connection", "AbstractConnection", "connect"),
    ("redis.asyncio.connection", "AbstractConnection", "connect"),
    ("pika.adapters.blocking_connection", "BlockingConnection", "_create_connection"),
    ("aiormq.connection", "Connection", "connect"),
    ("nats.aio.client", "Client", "connect"),
    ("pymongo.pool", "Pool", "connect"),
    ("botocore.httpsession", "URLLib3Session", "send"),
)


class StrayConnection(JobkitError):
    """A captured framework tried to reach its broker or result back end."""


def forbidden(
    capture: Capture,
    original: Callable[..., Any],
    only_from: tuple[str, ...],
    unless: Callable[[Any], bool] | None,
) -> Callable[..., Any]:
    """A stand-in for `original` that raises `StrayConnection`; see `Capture.forbid` for what it lets through."""

    def connect(*arguments: Any, **options: Any) -> Any:
        if (only_from and not _called_from(only_from)) or (unless and unless(arguments[0])):
            return original(*arguments, **options)
        raise StrayConnection(_describe(capture, arguments[0] if arguments else original))

    return connect


def _called_from(packages: tuple[str, ...]) -> bool:
    """Whether one of `packages` wants the connection, and not the user's code that it runs."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and not is_user_code(frame.f_code.co_filename):
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] in packages:
            return True
        frame = frame.f_back
    return False


def _describe(capture: Capture, connection: object) -> str:
    job = capture.busy_with()
    place = next(iter(user_frames()), None)
    return (
        f"{capture.label} is captured and nothing may leave the process, but "
        + (f"{job} " if job else "it ")
        + f"tried to connect: {connection!r}"
        + (f", called from {place}" if place else "")
        + _enqueued_from()
        + f"; let the test replace that call, or take {capture.framework} out of jobkit_frameworks"
    )


def _enqueued_from() -> str:
    delivery = current_delivery.get()
    frames = () if delivery is None else (delivery.envelope.headers or {}).get("frames", ())
    return f" (the job was enqueued at {frames[0]})" if frames else ""
