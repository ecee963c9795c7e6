"""Who may ask: several tokens at once, in every way a platform can send one, and what each may do."""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import msgspec

Headers = Iterable[tuple[bytes, bytes]]

Scope = Literal["score", "ingest", "read", "admin"]
"""`score`: evaluations and `/health`; `ingest`: OTLP; `read`: what there is to see; `admin`: everything."""

SCOPES: tuple[Scope, ...] = ("score", "ingest", "read", "admin")

_OTHER_MEANING = frozenset(
    {
        b"accept",
        b"accept-encoding",
        b"accept-language",
        b"authorization",
        b"connection",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"date",
        b"expect",
        b"host",
        b"idempotency-key",
        b"origin",
        b"referer",
        b"traceparent",
        b"tracestate",
        b"transfer-encoding",
        b"user-agent",
    }
)
_MOST_HEADERS = 64
_LONGEST_KEY = 4_096


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What a token allows. `digest` is its SHA-256; `created_ns` and `expires_ns` are since 1970, 0 unknown.

    `issued` is one of the file of hashes; the others stand in the settings and may do everything.
    """

    id: str
    digest: bytes
    scopes: frozenset[Scope] = frozenset({"admin"})
    name: str = ""
    created_ns: int = 0
    expires_ns: int | None = None
    issued: bool = False

    def allows(self, scope: Scope) -> bool:
        """Whether it may do this; `admin` may do everything."""
        return scope in self.scopes or "admin" in self.scopes

    def every_scope(self) -> list[Scope]:
        """What it may do, in the order they are told."""
        return [scope for scope in SCOPES if self.allows(scope)]


class Tokens:
    """The tokens that open the door; only their hashes are kept, and compared in constant time.

    Taken are `Authorization: Bearer TOKEN` (or any other scheme, or none), `Authorization: Basic` with the
    token as user or as password, and the token as the value of any header that has no meaning of its own:
    the platform's user names that header, and nobody has to name it here again.
    """

    def __init__(
        self, tokens: Iterable[str], issued: Sequence[Grant] = (), *, now_ns: Callable[[], int] = time.time_ns
    ) -> None:
        """`tokens` may do everything, `issued` what each says.

        Raises `ValueError` when there is none, or a blank one: that would open the door to everybody.
        """
        self._now_ns = now_ns
        self._issued = tuple(issued)
        self._settings = _grants(tokens, needed=not self._issued)
        self._grants = self._settings + self._issued

    def replace(self, tokens: Iterable[str]) -> None:
        """Take these from now on, beside those issued; requests under way are not disturbed.

        Raises `ValueError` as above.
        """
        self._settings = _grants(tokens, needed=not self._issued)
        self._grants = self._settings + self._issued

    def issue(self, issued: Sequence[Grant]) -> None:
        """Take these from now on, beside those of the settings; without any at all nobody gets in."""
        self._issued = tuple(issued)
        self._grants = self._settings + self._issued

    @property
    def issued(self) -> tuple[Grant, ...]:
        """Those of the file of hashes, whether they have expired or not."""
        return self._issued

    @property
    def from_settings(self) -> int:
        """How many stand in the settings."""
        return len(self._settings)

    def accepts(self, headers: Headers) -> bool:
        """Whether the headers (names in lower case) carry one of the tokens."""
        return self.grant(headers) is not None

    def allows(self, headers: Headers, scope: Scope) -> bool:
        """Whether the headers (names in lower case) carry a token that may do this."""
        grant = self.grant(headers)
        return grant is not None and grant.allows(scope)

    def grant(self, headers: Headers) -> Grant | None:
        """What the token of the headers (names in lower case) allows; nothing without a good one."""
        others: list[bytes] = []
        for name, value in headers:
            if name == b"authorization":
                if found := self._authorizes(value):
                    return found
            elif name not in _OTHER_MEANING and len(others) < _MOST_HEADERS:
                others.append(value)
        return next((found for value in others if (found := self._authorizes(value))), None)

    def known(self, token: str) -> Grant | None:
        """What this token allows; nothing when it is unknown or has expired."""
        return self._knows(token.strip().encode("utf-8", "replace"))

    def live(self) -> list[Grant]:
        """Every token that opens the door now."""
        now = self._now_ns()
        return [grant for grant in self._grants if grant.expires_ns is None or grant.expires_ns > now]

    def _authorizes(self, value: bytes) -> Grant | None:
        if len(value) > _LONGEST_KEY:
            return None
        value = value.strip()
        scheme, _, rest = value.partition(b" ")
        rest = rest.strip()
        if rest and (found := self._knows(rest)):
            return found
        if rest and scheme.lower() == b"basic":
            try:
                decoded = base64.b64decode(rest, validate=True)
            except (binascii.Error, ValueError):
                return None
            user, _, password = decoded.partition(b":")
            # Both are always looked at, so that the time does not tell which one it was.
            as_user, as_password = self._knows(user), self._knows(password)
            return as_user or as_password
        return self._knows(value)

    def _knows(self, token: bytes) -> Grant | None:
        presented = hashlib.sha256(token).digest()
        known: Grant | None = None
        for grant in self._grants:
            if hmac.compare_digest(grant.digest, presented):
                known = grant
        if known is None or known.expires_ns is None or known.expires_ns > self._now_ns():
            return known
        return None


def _grants(tokens: Iterable[str], *, needed: bool) -> tuple[Grant, ...]:
    stripped = [token.strip() for token in tokens]
    if (needed and not stripped) or not all(stripped):
        raise ValueError("At least one token is needed, and none may be blank: set O2_JUDGE_AUTH_TOKEN.")
    digests = [hashlib.sha256(token.encode()).digest() for token in stripped]
    # Long enough to tell tokens apart, too short to try guesses of a weak one on.
    return tuple(Grant(id=f"setting-{_short(digest)}", digest=digest) for digest in digests)


def _short(digest: bytes) -> str:
    return hashlib.sha256(b"spanjudge token id" + digest).hexdigest()[:6]
