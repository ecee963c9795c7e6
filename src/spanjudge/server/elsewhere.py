"""Paths that processes with another role answer: told so, instead of a bare “not found”."""

from spanjudge.server import errors
from spanjudge.server.limits import Receive, Scope, Send


class Elsewhere:
    """An ASGI application that names the role which has what was asked for."""

    def __init__(self, what: str, role: str) -> None:
        """`what` this process does not do, and the `role` of those that do."""
        self._answer = errors.elsewhere(what, role).answer()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI; whatever the body is, it is not read."""
        del receive
        await errors.respond(send, self._answer, body=scope["method"] != "HEAD")
