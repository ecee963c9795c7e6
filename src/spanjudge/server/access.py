"""Access to the REST API: a bearer token or the session's cookie, and what it may do."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from spanjudge.server.auth import Grant, Scope, Tokens
from spanjudge.server.sessions import SECURE_PREFIX, Session, Sessions

if TYPE_CHECKING:
    from spanjudge.server.issued_tokens import IssuedTokens
    from spanjudge.server.rest.access.guard import Requires

CSRF_HEADER = "X-Spanjudge-CSRF"
"""A page of another origin cannot send it; its value does not matter."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
ENTRY = "spanjudge.entry"
"""Where the ASGI scope of a request keeps its `Entry`."""


class Entry(msgspec.Struct, frozen=True):
    """Who asks. `session` is set when it was by cookie."""

    grant: Grant
    session: Session | None = None


class Denied(Exception):  # noqa: N818  # an answer, not a fault
    """A request that may not be answered: 401 when nobody is known, 403 when somebody may not."""

    def __init__(self, status: int, detail: str, code: str) -> None:
        """`detail` says what is missing and what to do."""
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.code = code


class Access:
    """Who may do what. `issued` keeps the hashes of tokens, `reload` takes them over at once."""

    def __init__(
        self,
        tokens: Tokens,
        sessions: Sessions,
        *,
        issued: "IssuedTokens | None" = None,
        reload: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Without `issued` no tokens can be made."""
        self.tokens = tokens
        self.sessions = sessions
        self.issued = issued
        self._reload = reload

    def require(self, scope: Scope) -> "Requires":
        """A FastAPI dependency: `Depends(access.require("read"))` gives the `Grant` that may do this."""
        from spanjudge.server.rest.access.guard import Requires  # noqa: PLC0415  # FastAPI comes with the first page

        return Requires(self, scope)

    async def reload(self) -> None:
        """Take over the tokens that there are now."""
        if self._reload is not None:
            await self._reload()

    def enter(self, scope: Mapping[str, Any]) -> Entry:
        """Who asks, by the ASGI scope of the request. Raises `Denied`."""
        method: str = scope["method"]
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        unsafe = method not in SAFE_METHODS
        if unsafe and not same_origin(headers):
            raise Denied(403, "This request comes from a page of another origin.", "cross_origin")
        grant = self.tokens.grant(headers)
        if grant is not None:
            return Entry(grant)
        session = self.session(scope)
        if session is None:
            raise Denied(
                401,
                "The token is missing or wrong: send “Authorization: Bearer …”, or sign in.",
                "unauthorized",
            )
        if unsafe and _header(headers, CSRF_HEADER.lower().encode()) is None:
            raise Denied(403, f"With a session's cookie the header {CSRF_HEADER} is needed.", "csrf")
        return Entry(session.grant, session)

    def session(self, scope: Mapping[str, Any]) -> Session | None:
        """The session of the request's cookie."""
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        cookies = _cookies(headers)
        name = self.cookie_name(secure=by_https(scope))
        return self.sessions.read(cookies[name]) if name in cookies else None

    def cookie_name(self, *, secure: bool) -> str:
        """`__Host-` binds the cookie to this host, and is allowed over https only."""
        return f"{SECURE_PREFIX}{self.sessions.cookie}" if secure else self.sessions.cookie

    def cookie(self, session: Session, *, secure: bool) -> str:
        """The `Set-Cookie` of a session."""
        lasts = max(0, session.expires - session.seen)
        return self._cookie(self.sessions.value(session), lasts, secure=secure)

    def no_cookie(self, *, secure: bool) -> str:
        """The `Set-Cookie` that ends it."""
        return self._cookie("", 0, secure=secure)

    def renewal(self, scope: MutableMapping[str, Any]) -> str | None:
        """The `Set-Cookie` that keeps the request's session going, when it is time for one."""
        entry: Entry | None = scope.get(ENTRY)
        if entry is None or entry.session is None:
            return None
        session = self.sessions.renewed(entry.session)
        return None if session is None else self.cookie(session, secure=by_https(scope))

    def _cookie(self, value: str, seconds: int, *, secure: bool) -> str:
        name = self.cookie_name(secure=secure)
        text = f"{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict"
        return f"{text}; Secure" if secure else text


def by_https(scope: Mapping[str, Any]) -> bool:
    """Whether the client came by https, here or at the proxy in front.

    Anybody can send the proxy's header; all it changes is how their own cookie is marked.
    """
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    forwarded = _header(headers, b"x-forwarded-proto") or b""
    return scope.get("scheme") == "https" or forwarded.partition(b",")[0].strip().lower() == b"https"


def same_origin(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether nothing says that a page of another origin sent it.

    Browsers say so in `Sec-Fetch-Site` (over https and on this machine) and in `Origin`; what is no
    browser sends neither. A proxy may have changed `Host`, so what it was forwarded from counts as well.
    """
    site = _header(headers, b"sec-fetch-site")
    if site is not None:
        return site.strip().lower() in (b"same-origin", b"none")
    origin = _header(headers, b"origin")
    if origin is None:
        return True
    try:
        sent_from = urlsplit(origin.decode("latin-1")).netloc.lower()
    except ValueError:
        return False
    hosts = (_header(headers, b"host"), _header(headers, b"x-forwarded-host"))
    return any(sent_from == host.decode("latin-1").strip().lower() for host in hosts if host)


def _header(headers: list[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    return next((value for key, value in headers if key == name), None)


def _cookies(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        if name == b"cookie":
            for pair in value.decode("latin-1").split(";"):
                key, _, text = pair.strip().partition("=")
                found.setdefault(key, text.strip('"'))
    return found
