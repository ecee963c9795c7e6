"""Is the server there, which version is it, may it be sent requests: no judge call, ever."""

from collections.abc import Callable

import msgspec

from spanjudge.remote_scorer.problem import Answer, Problem, encode

API_VERSION = "v1"


class ServerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What the server says about itself: its version, and the provider and model of its default judge.

    `roles` are those of a process that does not do everything; without a judge both others are empty.
    """

    version: str
    provider: str = ""
    model: str = ""
    roles: tuple[str, ...] = ()


class Health:
    """The probes: `/health` and `/ready` for people and platforms, `/livez`, `/readyz` for orchestrators."""

    def __init__(self, info: ServerInfo, ready: Callable[[], str | None]) -> None:
        """`ready` gives the reason why requests should not come here now, or nothing."""
        self._ready = ready
        # The Remote Scorer contract has these words; what is beside them, clients leave alone.
        told = {"status": "ok", "version": info.version, "backend": info.provider, "model": info.model}
        self._health = Answer(200, encode(told | ({"roles": info.roles} if info.roles else {})))
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

    def ready(self) -> Answer:
        """Whether the process may be sent requests, and why not; needs a token."""
        reason = self._ready()
        if reason is None:
            return Answer(200, encode({"status": "ready"}))
        return Problem("NOT_READY", f"Not ready: {reason}", retry_after=1).answer()

    def readyz(self) -> Answer:
        """The process may be sent requests; without details, because everybody may ask."""
        if self._ready() is None:
            return self._alive
        return Problem(
            "NOT_READY", "The server is not ready for requests: ask again, its log says why.", retry_after=1
        ).answer()
