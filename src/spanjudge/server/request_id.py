"""Every request has an id, in the logs and in the answer."""

import re
import secrets
import time
from contextvars import ContextVar

from spanjudge.server.limits import App, Message, Receive, Scope, Send

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:/+=-]{1,128}")


def with_request_id(app: App, request_id: ContextVar[str | None]) -> App:
    """Give every request an id: its own `X-Request-Id`, or a new one. `request_id` is set to it."""
    prefix = f"{secrets.token_hex(4)}-{int(time.time()):x}".encode()
    count = 0

    async def identified(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        nonlocal count
        count += 1
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        name = given if _REQUEST_ID.fullmatch(given) else b"%s-%x" % (prefix, count)
        request_id.set(name.decode("ascii"))

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", name)]
            await send(message)

        await app(scope, receive, named)

    return identified
