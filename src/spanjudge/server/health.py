"""Is the server there, which version is it, may it be sent requests: no judge call, ever."""

from collections.abc import Callable

import msgspec

from spanjudge.remote_scorer.problem import Answer, Problem, encode

API_VERSION = "v1"


class ServerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What the server says about itself: its version, and the provider and model of its default judge."""

    version: str
    provider: str
    model: str


class Health:
    """The probes: `/health` for people and platforms, `/livez` and `/readyz` for orchestrators."""

    def __init__(self, info: ServerInfo, ready: Callable[[], str | None]) -> None:
        """`ready` gives the reason why requests should not come here now, or nothing."""
        self._ready = ready
        self._health = Answer(
            200,
            encode({"status": "ok", "version": info.version, "backend": info.provider, "model": info.model}),
        )
        self._version = Answer(200, encode({"version": info.version, "api_version": API_VERSION}))
        self._alive = Answer(200, encode({"status": "ok"}))

    def health(self) -> Answer:
        """Up and configured, with backend and model; needs a token."""
        return self._health

    def version(self) -> Answer:
        """Version of server and API; for everybody."""
        return self._version

    def livez(self) -> Answer:
        """The process answers."""
        return self._alive

    def readyz(self) -> Answer:
        """The process may be sent requests; without details, because everybody may ask."""
        if self._ready() is None:
            return self._alive
        return Problem(
            "NOT_READY", "The server is not ready for requests: ask again, its log says why.", retry_after=1
        ).answer()
